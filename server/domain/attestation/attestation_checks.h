// SPDX-License-Identifier: Apache-2.0
// The column of checks behind VerifyAttestation, one group per file. Internal to the domain.
//
// A check looks at one thing, may leave what it parsed in the Examination for later ones, and says
// pass, remark, or refuse with one code. A group runs only if all before it passed, so its checks
// may use what those left.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/tpmwire/attest.h"
#include "common/tpmwire/ek_certificate.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "server/domain/attestation/ek_certificate_facts.h"
#include "server/domain/attestation/ek_path.h"

namespace preseal::server {

struct CheckResult {
  CheckVerdict verdict = CheckVerdict::kPass;
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
};

inline CheckResult Pass() { return {}; }
inline CheckResult Remark(std::string_view seen, std::string_view expected) {
  return {CheckVerdict::kFinding, RefusalCode::kNone, std::string(seen), std::string(expected)};
}
inline CheckResult Refuse(RefusalCode code, std::string_view seen, std::string_view expected) {
  return {CheckVerdict::kFail, code, std::string(seen), std::string(expected)};
}

// The evidence on the bench. What a group did not reach is left empty.
struct Examination {
  const AttestationEvidence& evidence;
  const AttestationContext& context;

  // EK certificate
  ByteView certificate;        // as sent, or from the imported cache
  bool lacks_purpose = false;  // no extended key usage, which a few makers may leave out
  bool unvouched = false;      // it vouches for nothing, and nothing requires that it does
  tpmwire::NvCertificate nv;
  std::optional<crypto::Certificate> ek_certificate;
  EkCertificateFacts ek_facts;
  EkPath path;
  // keys
  tpmwire::PublicArea ek;
  tpmwire::PublicArea ak;
  tpmwire::PublicArea device_key;
  std::optional<crypto::PublicKey> ek_key;
  tpmwire::Sha256Digest ek_spki_sha256{};  // of ek_key: OpenSSL encodes it slowly
  std::optional<crypto::PublicKey> ak_key;
  std::optional<crypto::PublicKey> tls_key;
  std::vector<TrustModel> trust_models;  // all that hold
  // statements
  tpmwire::Sha256Digest certify_qualifying_data{};
  tpmwire::Sha256Digest quote_qualifying_data{};
  tpmwire::Attest certify;
  tpmwire::Attest quote;
  std::vector<tpmwire::PcrValue> pcr_values;  // as quoted
};

struct AttestationCheck {
  int number = 0;  // hundreds name the group; never renumber
  std::string_view name;
  CheckResult (*run)(Examination&) = nullptr;
};
using AttestationChecks = std::span<const AttestationCheck>;

// What the certificate, or without one the TPM itself, says it is.
uint32_t VendorOf(const Examination& examination);
std::string_view ModelOf(const Examination& examination);

// What both statements must carry, from the keys the groups up to 6xx have read.
void BindEvidence(Examination& examination);

AttestationChecks InputChecks();          // 1xx
AttestationChecks EkCertificateChecks();  // 2xx
AttestationChecks EkChainChecks();        // 3xx
AttestationChecks EkKeyChecks();          // 4xx
AttestationChecks TpmIdentityChecks();    // 5xx
AttestationChecks TrustModelChecks();     // 55x
AttestationChecks DeviceKeyChecks();      // 6xx
AttestationChecks CertifyChecks();        // 7xx
AttestationChecks QuoteChecks();          // 8xx
// 900 to 915, the event log, and 10xx, the boot. Fills pcr_values where the device sent none.
std::vector<AttestationFinding> JudgeStart(Examination& examination);

}  // namespace preseal::server
