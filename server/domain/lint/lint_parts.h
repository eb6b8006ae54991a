// SPDX-License-Identifier: Apache-2.0
// The judges behind Lint, one per kind, and what they share. Internal to the domain. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/tpmwire/pcr.h"
#include "server/domain/lint/lint.h"

namespace preseal::server {

// Checks only lint has; the server's keep their own numbers. Never renumber.
inline constexpr int kLintUnknown = 2001;    // the file is evidence
inline constexpr int kLintNoTrust = 2002;    // trust anchors were given
inline constexpr int kLintSameName = 2003;   // no genuine authority has this name
inline constexpr int kLintPem = 2004;        // the PEM text is whole
inline constexpr int kLintTooLarge = 2005;   // the file is within limits
inline constexpr int kLintAuthority = 2010;  // 2010-2019: CA certificates
inline constexpr int kLintPlatform = 2020;   // 2020-2029: platform certificates
inline constexpr int kLintStatement = 2030;  // 2030-2039: statements
inline constexpr int kLintEventLog = 2040;   // 2040-2049: event logs

// Adds findings to a result, escaping what they show.
class LintFindings {
 public:
  explicit LintFindings(LintResult& result) : result_(result) {}

  void Refuse(int number, std::string_view check, RefusalCode code, std::string_view seen,
              std::string_view expected);
  // `code`: what the server answers where it does not allow this; kNone if it always does.
  void Remark(int number, std::string_view check, std::string_view seen, std::string_view expected,
              RefusalCode code = RefusalCode::kNone, std::string_view remedy = "");
  bool refused() const { return result_.code() != RefusalCode::kNone; }

 private:
  LintResult& result_;
};

// Cut and escaped for a finding.
std::string LintText(std::string_view text);
// "2031-01-01T00:00:00Z"; "never" for WallTime::max().
std::string LintTime(WallTime time);

// Below 112 bits of security, by the certificate's key alone; empty if strong. "RSA-1024"…
struct KeyFault {
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
};
KeyFault FaultOfKey(const crypto::Certificate& certificate);

// True if names in the certificate say that it is of a cloud's or an emulator's TPM.
bool NamesVirtualTpm(const crypto::Certificate& certificate);

// An X.509 certificate as it lies in a file or in a TPM's NV memory: judged as an EK's certificate
// or as an authority's, by what it says of itself.
LintResult LintX509(ByteView nv_or_der, const LintOptions& options);
LintResult LintAuthority(const crypto::Certificate& certificate, const LintOptions& options);
LintResult LintPlatformCertificate(ByteView der, const LintOptions& options);
LintResult LintEventLog(ByteView log);

struct LintStatement {
  ByteView attest;     // TPMS_ATTEST or TPM2B_ATTEST
  ByteView signature;  // TPMT_SIGNATURE; empty: none
  std::optional<crypto::PublicKey> key;
  std::optional<Bytes> nonce;           // what extraData must be
  std::optional<Bytes> name;            // what a certify statement must name
  std::vector<tpmwire::PcrValue> pcrs;  // of a quote
};
LintResult LintAttest(const LintStatement& statement);

// Every block of a PEM text. Never empty.
std::vector<LintResult> LintPem(std::string_view pem, const LintOptions& options);
// A "PUBLIC KEY" or "CERTIFICATE" block. InvalidArgument otherwise.
StatusOr<crypto::PublicKey> PublicKeyFromText(std::string_view pem);

// Statements as JSON: see docs/lint.md. Empty if it is none.
std::vector<LintResult> LintJson(std::string_view json, const LintOptions& options);
// attest.Attestation of go-tpm-tools: each quote and the event log. Empty if it is none.
std::vector<LintResult> LintAttestationProto(ByteView bytes);

}  // namespace preseal::server
