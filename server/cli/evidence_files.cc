// SPDX-License-Identifier: Apache-2.0
#include "server/cli/evidence_files.h"

#include <fmt/format.h>

#include <utility>

#include "common/crypto/encoding.h"
#include "common/tpmwire/ek_certificate.h"
#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"
#include "preseal/enrollment/v1/enrollment.pb.h"
#include "server/cli/quoted_pcrs.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

namespace enrollment_v1 = ::preseal::enrollment::v1;

class Files {
 public:
  void Add(std::string name, ByteView content) {
    if (!content.empty()) files_.push_back({std::move(name), preseal::ToBytes(content)});
  }
  void AddText(std::string name, std::string_view text) { Add(std::move(name), AsBytes(text)); }
  std::vector<EvidenceFile> Take() && { return std::move(files_); }

 private:
  std::vector<EvidenceFile> files_;
};

// RFC 7468.
std::string Pem(std::string_view label, ByteView der) {
  const std::string base64 = crypto::Base64Encode(der);
  std::string pem = fmt::format("-----BEGIN {}-----\n", label);
  for (size_t at = 0; at < base64.size(); at += 64) pem += base64.substr(at, 64) + "\n";
  return pem + fmt::format("-----END {}-----\n", label);
}

void AddPublic(const std::string& stem, const std::string& area_bytes, Files* files) {
  files->Add(stem + ".pub", AsBytes(area_bytes));
  const auto area = tpmwire::ParsePublic(AsBytes(area_bytes));
  if (!area.ok()) return;
  const auto key = tpmwire::ToPublicKey(*area);
  if (key.ok()) files->AddText(stem + ".pem", Pem("PUBLIC KEY", key->SpkiDer()));
}

void AddEkCertificate(const enrollment_v1::Evidence& evidence, Files* files) {
  files->Add("ek.nv", AsBytes(evidence.ek_certificate()));
  const auto unwrapped = tpmwire::UnwrapNvCertificate(AsBytes(evidence.ek_certificate()));
  if (unwrapped.ok()) {
    files->Add("ek.der", unwrapped->der);
    files->AddText("ek-cert.pem", Pem("CERTIFICATE", unwrapped->der));
  }
  for (int i = 0; i < evidence.ek_chain_size(); ++i) {
    files->Add(fmt::format("ek-chain-{}.der", i), AsBytes(evidence.ek_chain(i)));
  }
}

constexpr std::string_view kInstructions =
    "How to check this attestation with stock tools, in this directory.\n"
    "\n"
    "The quote: signed by the AK, over the nonce, over these PCR values\n"
    "  tpm2_checkquote -u ak.pem -m quote.attest -s quote.sig -g sha256 \\\n"
    "    -q $(cat quote.nonce) -f quote.pcrs\n"
    "  (tpm2-tools before 5.7 accepts some forged quotes: CVE-2024-29038, -29039.)\n"
    "\n"
    "The EK certificate: from a TPM maker you trust\n"
    "  openssl verify -partial_chain -CAfile MAKER-ROOTS.pem ek-cert.pem\n"
    "\n"
    "The issued device certificate: from your server's device CA\n"
    "  openssl verify -CAfile DEVICE-CA.pem device.pem\n"
    "\n"
    "That AK and EK are in one TPM was proven by credential activation (credential.bin,\n"
    "proof.bin); the secret behind it is not stored. decision.json has each check and its "
    "verdict.\n";

void AddDeviceCertificate(const std::string& der, Files* files) {
  files->Add("device.der", AsBytes(der));
  if (!der.empty()) files->AddText("device.pem", Pem("CERTIFICATE", AsBytes(der)));
}

void AddDecision(const fleet_v1::AttestationEvidence& record, Files* files) {
  fleet_v1::AttestationEvidence decision;
  decision.set_accepted(record.accepted());
  decision.set_refusal_code(record.refusal_code());
  *decision.mutable_decide_time() = record.decide_time();
  *decision.mutable_findings() = record.findings();
  files->AddText("decision.json", ToJson(decision) + "\n");
}

}  // namespace

StatusOr<std::vector<EvidenceFile>> EvidenceFiles(const fleet_v1::AttestationEvidence& record) {
  enrollment_v1::Evidence evidence;
  if (!evidence.ParseFromString(record.evidence())) {
    return DataLoss("the stored evidence does not parse");
  }
  Files files;
  files.Add("challenge.bin", AsBytes(record.challenge()));
  files.Add("evidence.bin", AsBytes(record.evidence()));
  files.Add("credential.bin", AsBytes(record.credential()));
  files.Add("proof.bin", AsBytes(record.proof()));
  files.Add("quote.attest", AsBytes(evidence.quote_attest()));
  files.Add("quote.sig", AsBytes(evidence.quote_signature()));
  files.Add("quote.pcrs", QuotedPcrsForTools(evidence));
  files.AddText("quote.nonce", ToHex(AsBytes(record.quote_qualifying_data())));
  files.Add("certify.attest", AsBytes(evidence.certify_attest()));
  files.Add("certify.sig", AsBytes(evidence.certify_signature()));
  files.AddText("certify.nonce", ToHex(AsBytes(record.certify_qualifying_data())));
  AddPublic("ak", evidence.ak_public(), &files);
  AddPublic("device-key", evidence.device_key_public(), &files);
  AddPublic("ek", evidence.ek_public(), &files);
  AddEkCertificate(evidence, &files);
  files.Add("event.log", AsBytes(evidence.event_log()));
  files.Add("claims.bin", AsBytes(evidence.claims()));
  enrollment_v1::DeviceClaims claims;
  if (claims.ParseFromString(evidence.claims())) {
    files.AddText("claims.json", ToJson(claims) + "\n");
  }
  AddDeviceCertificate(record.device_certificate(), &files);
  AddDecision(record, &files);
  files.AddText("VERIFY.txt", kInstructions);
  return std::move(files).Take();
}

}  // namespace preseal::server::cli
