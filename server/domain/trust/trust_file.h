// SPDX-License-Identifier: Apache-2.0
// A trust bundle as one file: a signed statement of version and digest in the first line (JWS),
// then the text it speaks of. docs/formats.md, "Trust bundle file". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/status/status.h"
#include "server/domain/refusal/refusal.h"
#include "server/domain/trust/trust_document.h"

namespace preseal::server {

// Value of the "typ" header: a birth certificate, signed by the same key, is no trust bundle.
inline constexpr char kTrustStatementType[] = "preseal-trust+jwt";

// The payload to be signed for a text of TrustText.
std::string TrustStatement(uint64_t version, std::string_view text);
std::string JoinTrustFile(std::string_view statement_jws, std::string_view text);

struct TrustFileVerdict {
  RefusalCode code = RefusalCode::kBundleMalformed;  // kNone: taken; else BUNDLE_*
  std::string detail;                                // one line for a person; escape it
  std::optional<TrustDocument> document;             // if taken

  bool taken() const { return code == RefusalCode::kNone; }
};

//   roots    of the floor's seal authority
//   version_above  the file's version must be higher (BUNDLE_ROLLBACK): 0 for any
// Signature first: nothing of an unsigned text is read. INTERNAL only when memory runs out.
StatusOr<TrustFileVerdict> OpenTrustFile(std::string_view file,
                                         const std::vector<crypto::Certificate>& roots,
                                         WallTime now, uint64_t version_above);

// The text of a file that came from our own store over an authenticated connection. Checks the
// digest's form only. INVALID_ARGUMENT.
StatusOr<TrustDocument> ReadTrustFileUnchecked(std::string_view file);

}  // namespace preseal::server
