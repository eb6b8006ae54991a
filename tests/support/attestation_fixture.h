// SPDX-License-Identifier: Apache-2.0
// Good enrolment evidence made of real keys, certificates and signatures, without a TPM; and the
// places where a test can spoil exactly one thing of it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/key.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "tests/support/event_log_builder.h"

namespace preseal::test {

struct ExtensionSpec {
  std::string oid;  // dotted
  bool critical = false;
  Bytes value;  // DER inside the OCTET STRING
};

// A certificate to be made, with every field open to abuse.
struct CertificateSpec {
  int version = 3;
  Bytes serial = {1};  // content of the INTEGER
  std::string issuer;  // common names; empty: an empty Name
  std::string subject;
  WallTime not_before;
  WallTime not_after;
  // In place of the times above, as spelled: a UTCTime of two-digit year, else a GeneralizedTime.
  std::string spelled_not_before;  // "491231235959Z"
  std::string spelled_not_after;   // "99991231235959Z"
  Bytes spki;
  std::vector<ExtensionSpec> extensions;
  bool sha1 = false;  // sign with ECDSA-SHA1

  ExtensionSpec& Extension(std::string_view oid);  // aborts if there is none
  void Remove(std::string_view oid);
};

Bytes BuildCertificate(const CertificateSpec& spec, const crypto::PrivateKey& signer);

// DER of extension values.
Bytes BasicConstraints(bool is_ca);
Bytes KeyUsage(uint32_t bits);  // crypto::KeyUsageBit
Bytes ExtendedKeyUsage(std::string_view oid);
Bytes TpmNames(std::string_view manufacturer, std::string_view model, std::string_view version);
Bytes TpmSpecification(std::string_view family);
Bytes Oid(std::string_view dotted);  // whole element

// Signs a marshalled TPMS_ATTEST as TPM2_Quote and TPM2_Certify do with a P-256 key.
Bytes SignAttest(ByteView attest, const crypto::PrivateKey& key);
// A P-256 key in the shape of `area`.
tpmwire::PublicArea WithKey(tpmwire::PublicArea area, const crypto::PublicKey& key);

// A chip by STMicroelectronics: P-256 EK (L-2), certificate <- intermediate <- root, AK, device
// key. Change members, then Verify.
class AttestationFixture {
 public:
  AttestationFixture();

  // After a change of `log` or `live_banks`: the TPM has measured just that.
  void MeasureLog();

  server::AttestationEvidence Build();
  server::AttestationVerdict Verify();

  crypto::PrivateKey root_key;
  crypto::PrivateKey intermediate_key;
  crypto::PrivateKey ek_key;
  crypto::PrivateKey ak_key;
  crypto::PrivateKey tls_key;

  CertificateSpec root;
  CertificateSpec intermediate;
  CertificateSpec ek_certificate;
  Bytes nv_padding;  // after the certificate, as some chips have it
  bool lab = false;  // the root goes to the policy's lab roots
  bool trust_root = true;
  std::string root_vendor = "STMicro";
  bool send_certificate = true;

  tpmwire::PublicArea ek;
  tpmwire::PublicArea ak;
  tpmwire::PublicArea device_key;
  EventLogBuilder log{
      {server::kBankSha256}};  // a good boot; to spoil it, change it: the quote stays
  bool send_event_log = true;
  std::set<uint16_t> live_banks = {server::kBankSha256};
  std::vector<tpmwire::PcrValue> pcr_values;  // quoted: what that boot measured, in the live banks
  bool send_pcr_values = true;
  server::ClaimedTpm claimed_tpm;
  Bytes claims = ToBytes("claims");  // what the device says of itself, as it travels

  // Called on good values, before they are signed.
  std::function<void(tpmwire::Attest&)> change_certify = [](tpmwire::Attest&) {};
  std::function<void(tpmwire::Attest&)> change_quote = [](tpmwire::Attest&) {};
  // Called on the finished evidence; nothing is signed again.
  std::function<void(server::AttestationEvidence&)> change_evidence =
      [](server::AttestationEvidence&) {};

  server::AttestationContext context;
  server::AttestationPolicy policy;
  server::TrustBundle trust;  // certificates filled by Verify
};

}  // namespace preseal::test
