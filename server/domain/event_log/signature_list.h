// SPDX-License-Identifier: Apache-2.0
// EFI_SIGNATURE_LIST, the content of PK, KEK, db and dbx (UEFI Specification, "Signature
// Database"). Pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/bytes.h"

namespace preseal::server {

enum class SignatureKind { kX509, kSha256, kOther };

struct SignatureEntry {
  SignatureKind kind = SignatureKind::kOther;
  std::string owner;  // GUID
  Bytes data;         // kX509: DER, not parsed; kSha256: the hash
};

struct SignatureLists {
  std::vector<SignatureEntry> entries;  // everything before what is wrong
  std::string wrong;                    // empty: every byte was read; safe to show
};

// Reads any number of lists one after the other, at most kSignatureListEntriesMax entries; no bytes
// are no lists. Wrong: a size below its header's or beyond the data, entries that do not fill their
// list, a SHA-256 entry of another size.
SignatureLists ParseSignatureLists(ByteView bytes);

}  // namespace preseal::server
