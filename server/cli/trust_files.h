// SPDX-License-Identifier: Apache-2.0
// What a person imports into the trust bundle, read from this machine's files: Microsoft's
// TrustedTpm.cab, folders, PEM and DER. Nothing is judged here but whether it can be read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "server/domain/trust/trust_document.h"

namespace preseal::server::cli {

struct FoundAnchor {
  Anchor anchor;
  std::string where;  // file, or archive and entry
};

struct TrustFiles {
  std::vector<FoundAnchor> anchors;     // each certificate once
  std::vector<Bytes> revocation_lists;  // DER
  std::vector<std::string> problems;    // "where: what": looks like a certificate and is none
};

// Reads each path: a file, a folder with all below it, or a cabinet. In cabinets and folders the
// first folder names the vendor, and "RootCA" or "IntermediateCA" in the way the role; elsewhere a
// certificate that names itself as issuer is a root. Files of other kinds are passed over.
//   vendor  said of every certificate, instead of the folder's name, unless empty
// InvalidArgument: a path cannot be read, or an archive is damaged or over kTrustArchiveBytesMax or
// kTrustArchiveEntriesMax.
StatusOr<TrustFiles> ReadTrustFiles(const std::vector<std::string>& paths,
                                    const std::string& vendor);

// Role and vendor that a path inside a cabinet or folder speaks of: "Infineon/RootCA/x.cer".
struct PathHint {
  std::string vendor;
  std::optional<AnchorRole> role;
};
PathHint HintOf(std::string_view path);

}  // namespace preseal::server::cli
