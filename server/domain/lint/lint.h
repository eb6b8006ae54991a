// SPDX-License-Identifier: Apache-2.0
// Judges single pieces of attestation evidence as the server would, each for itself: boot event
// logs, EK and CA certificates, quotes, certify statements, platform certificates. What needs the
// other pieces (nonce, session, policy) is not judged and said to be so. Pure, thread-safe.
//
// Never fails: what cannot be read is refused, as the kind it claims to be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "server/domain/refusal/finding.h"
#include "server/domain/refusal/refusal.h"

namespace preseal::server {

enum class LintKind {
  kUnknown,
  kEventLog,
  kEkCertificate,
  kCaCertificate,
  kQuote,
  kCertify,
  kPlatformCertificate,
};
// "event-log", "ek-certificate", … as printed; never rename.
std::string_view NameOf(LintKind kind);

enum class LintVerdict { kValid, kFindings, kRefused };
// "valid", "findings", "refused".
std::string_view NameOf(LintVerdict verdict);

struct LintFinding {
  int number = 0;     // the server's check, or 2001 and up for what only lint looks at
  std::string check;  // what was asked, as a statement
  CheckVerdict verdict = CheckVerdict::kFinding;
  // kFail: why. kFinding: what the server answers where its policy does not allow it, or kNone.
  RefusalCode code = RefusalCode::kNone;
  std::string seen;  // escaped, safe to show
  std::string expected;
  std::string remedy;  // empty: the code's own
};

// {bank: {PCR: hex}} of the PCRs a log extends.
using LintPcrs = std::map<std::string, std::map<uint32_t, std::string>>;

struct LintResult {
  LintKind kind = LintKind::kUnknown;
  std::optional<size_t> index;        // of a file that holds several pieces, from 0
  std::vector<LintFinding> findings;  // no passes
  std::optional<LintPcrs> pcrs;       // event logs: replayed up to the first damage
  std::string spki;                   // certificates: SHA-256 of SubjectPublicKeyInfo, hex
  std::string manufacturer;           // "id:53544D20", escaped; platform: its name
  std::string model;
  std::string version;
  std::vector<std::string> chain;  // subjects, issuer first, root last; empty: none found

  RefusalCode code() const;  // of the first refusal
  LintVerdict verdict() const;
};

// Certificates of authorities whose word counts.
struct LintTrust {
  std::vector<crypto::Certificate> roots;
  std::vector<crypto::Certificate> intermediates;  // trusted only through a root
};
// A self-issued certificate is a root, and so is one whose issuer is not among `certificates`: some
// makers publish their root only as signed by a public authority. Each certificate counts once.
LintTrust MakeLintTrust(const std::vector<crypto::Certificate>& certificates);

struct LintOptions {
  WallTime now;                          // dates are judged as of then
  const LintTrust* trust = nullptr;      // null: chains cannot be judged, a finding says so
  bool lab = false;                      // virtual TPMs are a finding, not a refusal
  std::optional<crypto::PublicKey> key;  // of the statements' signer
};

struct LintInput {
  // Of the file, for what its content leaves open (an empty file is an event log if it is called
  // so); folders in it count less than the name.
  std::string_view path;
  ByteView bytes;
  std::optional<Bytes> nonce;  // what extraData must be; nothing: not known
  ByteView signature;          // TPMT_SIGNATURE beside a statement; empty: none
  bool asked_by_name = true;   // else found in a folder: text that is no evidence is not refused
};

// One result, or one for each piece of a PEM bundle or a JSON of statements, in order.
std::vector<LintResult> Lint(const LintInput& input, const LintOptions& options);

// The signer's key for LintOptions: PEM "PUBLIC KEY" or "CERTIFICATE", TPMT_PUBLIC, TPM2B_PUBLIC,
// or a certificate in DER. InvalidArgument if it is none of these.
StatusOr<crypto::PublicKey> ReadLintKey(ByteView bytes);

}  // namespace preseal::server
