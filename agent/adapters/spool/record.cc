// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/spool/record.h"

#include <zlib.h>

#include <cstring>

#include "common/base/limits.h"

namespace preseal::agent::spool {
namespace {

template <typename Int>
void Put(Bytes& out, Int value) {
  for (size_t i = 0; i < sizeof(Int); ++i) {
    out.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
  }
}

template <typename Int>
Int Get(ByteView bytes, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) value |= uint64_t{bytes[offset + i]} << (8 * i);
  return static_cast<Int>(value);
}

uint32_t Checksum(ByteView bytes) {
  return static_cast<uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

void PutText(Bytes& out, ByteView text) {
  Put(out, static_cast<uint32_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

std::optional<ByteView> TakeText(ByteView& rest) {
  if (rest.size() < 4) return std::nullopt;
  const size_t length = Get<uint32_t>(rest, 0);
  if (rest.size() - 4 < length) return std::nullopt;
  const ByteView text = rest.subspan(4, length);
  rest = rest.subspan(4 + length);
  return text;
}

// Size of the whole record at the front of `rest`, 0 if there is no good one.
size_t GoodRecordBytes(ByteView rest) {
  if (rest.size() < kRecordHeadBytes + kRecordFixedBytes) return 0;
  const size_t body_bytes = Get<uint32_t>(rest, 0);
  if (body_bytes < kRecordFixedBytes || body_bytes > kSpoolRecordBytesMax) return 0;
  if (rest.size() - kRecordHeadBytes < body_bytes) return 0;
  const ByteView body = rest.subspan(kRecordHeadBytes, body_bytes);
  if (Checksum(body) != Get<uint32_t>(rest, 4)) return 0;
  const size_t key_bytes = Get<uint16_t>(body, 12);
  return key_bytes <= body_bytes - kRecordFixedBytes ? kRecordHeadBytes + body_bytes : 0;
}

}  // namespace

Bytes EncodeFileHeader(std::string_view magic, uint64_t number) {
  Bytes out = ToBytes(magic);
  Put(out, number);
  Put(out, Checksum(out));
  return out;
}

std::optional<uint64_t> DecodeFileHeader(std::string_view magic, ByteView file) {
  if (file.size() < kFileHeaderBytes) return std::nullopt;
  if (AsText(file.first(magic.size())) != magic) return std::nullopt;
  if (Checksum(file.first(16)) != Get<uint32_t>(file, 16)) return std::nullopt;
  return Get<uint64_t>(file, 8);
}

Bytes EncodeRecord(const LoggedEvent& event) {
  Bytes body;
  Put(body, event.sequence);
  Put(body, event.note);
  Put(body, static_cast<uint16_t>(event.key.size()));
  const ByteView key = AsBytes(event.key);
  body.insert(body.end(), key.begin(), key.end());
  body.insert(body.end(), event.event.begin(), event.event.end());
  Bytes out;
  Put(out, static_cast<uint32_t>(body.size()));
  Put(out, Checksum(body));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Scan ScanRecords(ByteView file, bool consecutive) {
  Scan scan;
  scan.good_bytes = std::min(file.size(), kFileHeaderBytes);
  while (scan.good_bytes < file.size()) {
    const ByteView rest = file.subspan(scan.good_bytes);
    const size_t bytes = GoodRecordBytes(rest);
    if (bytes == 0) break;
    const auto sequence = Get<uint64_t>(rest, kRecordHeadBytes);
    if (!scan.places.empty()) {
      const uint64_t last = scan.places.back().sequence;
      if (sequence <= last || (consecutive && sequence != last + 1)) break;
    }
    scan.places.push_back({sequence, scan.good_bytes, bytes});
    scan.good_bytes += bytes;
  }
  return scan;
}

std::optional<LoggedEvent> DecodeRecord(ByteView record) {
  if (GoodRecordBytes(record) != record.size()) return std::nullopt;
  const ByteView body = record.subspan(kRecordHeadBytes);
  LoggedEvent event;
  event.sequence = Get<uint64_t>(body, 0);
  event.note = Get<uint32_t>(body, 8);
  const size_t key_bytes = Get<uint16_t>(body, 12);
  event.key = ToString(body.subspan(kRecordFixedBytes, key_bytes));
  event.event = ToBytes(body.subspan(kRecordFixedBytes + key_bytes));
  return event;
}

Bytes EncodeRunHeader(const RunHeader& header) {
  Bytes body;
  PutText(body, AsBytes(header.run_id.text()));
  PutText(body, AsBytes(header.command_id));
  PutText(body, header.plan);
  Bytes out = EncodeFileHeader(kHeaderMagic, body.size());
  Put(out, Checksum(body));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

std::optional<RunHeader> DecodeRunHeader(ByteView file) {
  const auto body_bytes = DecodeFileHeader(kHeaderMagic, file);
  if (!body_bytes || file.size() != kFileHeaderBytes + 4 + *body_bytes) return std::nullopt;
  ByteView rest = file.subspan(kFileHeaderBytes + 4);
  if (Checksum(rest) != Get<uint32_t>(file, kFileHeaderBytes)) return std::nullopt;
  const auto run_text = TakeText(rest);
  if (!run_text) return std::nullopt;
  auto run_id = RunId::Parse(AsText(*run_text));
  if (!run_id.ok()) return std::nullopt;
  RunHeader header;
  header.run_id = *std::move(run_id);
  const auto command_id = TakeText(rest);
  const auto plan = TakeText(rest);
  if (!command_id || !plan || !rest.empty()) return std::nullopt;
  header.command_id = ToString(*command_id);
  header.plan = ToBytes(*plan);
  return header;
}

}  // namespace preseal::agent::spool
