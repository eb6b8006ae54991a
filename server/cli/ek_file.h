// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::server::cli {

// Endorsement keys as SHA-256 of their SubjectPublicKeyInfo, in the file's order, each once. Pure.
// The file is one of
//   PEM   certificates and public keys, any number
//   DER   one EK certificate
//   text  a digest of 64 hex digits on each line, alone or as a column of a CSV file; a first line
//         without one is a heading; empty lines and lines that begin with # do not count
// InvalidArgument names the line or block that is wrong, also if a line has two digests, and if
// there is nothing in the file or more than kImportRowsMax keys.
StatusOr<std::vector<Bytes>> ReadEkFile(std::string_view content);

}  // namespace preseal::server::cli
