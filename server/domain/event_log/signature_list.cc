// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/signature_list.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/little_endian.h"

namespace preseal::server {
namespace {

constexpr uint32_t kListHeaderBytes = 28;
constexpr uint32_t kSha256EntryBytes = 16 + 32;

SignatureKind KindOf(const std::string& guid) {
  if (guid == kGuidCertX509) return SignatureKind::kX509;
  return guid == kGuidCertSha256 ? SignatureKind::kSha256 : SignatureKind::kOther;
}

struct ListHeader {
  SignatureKind kind = SignatureKind::kOther;
  uint32_t list_bytes = 0;
  uint32_t header_bytes = 0;
  uint32_t entry_bytes = 0;
};

// "" or what is wrong. Every list is longer than its header, so reading always moves on.
std::string WrongSizes(const ListHeader& list, size_t available) {
  if (list.list_bytes < kListHeaderBytes || list.list_bytes > available) {
    return fmt::format("list of {} bytes in {}", list.list_bytes, available);
  }
  const uint32_t body = list.list_bytes - kListHeaderBytes;
  if (list.header_bytes > body) {
    return fmt::format("list header of {} bytes in {}", list.header_bytes, body);
  }
  if (list.entry_bytes <= kGuidBytes) return fmt::format("entry of {} bytes", list.entry_bytes);
  if ((body - list.header_bytes) % list.entry_bytes != 0) {
    return fmt::format("{} bytes of entries of {}", body - list.header_bytes, list.entry_bytes);
  }
  if (list.kind == SignatureKind::kSha256 && list.entry_bytes != kSha256EntryBytes) {
    return fmt::format("SHA-256 entry of {} bytes", list.entry_bytes);
  }
  return {};
}

bool ReadList(LittleEndianReader& reader, SignatureLists& out) {
  const size_t available = reader.remaining();
  const auto type = reader.Raw(kGuidBytes);
  const auto list_bytes = reader.U32();
  const auto header_bytes = reader.U32();
  const auto entry_bytes = reader.U32();
  if (!type || !list_bytes || !header_bytes || !entry_bytes) {
    out.wrong = fmt::format("list header cut off, {} bytes", available);
    return false;
  }
  const ListHeader list{KindOf(FormatGuid(*type)), *list_bytes, *header_bytes, *entry_bytes};
  out.wrong = WrongSizes(list, available);
  if (!out.wrong.empty()) return false;
  reader.Raw(list.header_bytes);
  const uint32_t count =
      (list.list_bytes - kListHeaderBytes - list.header_bytes) / list.entry_bytes;
  for (uint32_t i = 0; i < count; ++i) {
    if (out.entries.size() >= kSignatureListEntriesMax) {
      out.wrong = fmt::format("more than {} entries", kSignatureListEntriesMax);
      return false;
    }
    const ByteView entry = *reader.Raw(list.entry_bytes);
    out.entries.push_back(
        {list.kind, FormatGuid(entry.first(kGuidBytes)), ToBytes(entry.subspan(kGuidBytes))});
  }
  return true;
}

}  // namespace

SignatureLists ParseSignatureLists(ByteView bytes) {
  SignatureLists out;
  LittleEndianReader reader(bytes);
  while (reader.remaining() > 0) {
    if (!ReadList(reader, out)) break;
  }
  return out;
}

}  // namespace preseal::server
