// SPDX-License-Identifier: Apache-2.0
// attest.Attestation of go-tpm-tools, as `gotpm attest` writes it: AK, quotes with PCR values,
// event log, AK certificate. Only the fields that are judged are read, by the wire format itself
// (Protocol Buffers, "Encoding"), so that the domain needs no generated code.
#include <algorithm>

#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

constexpr uint32_t kAkPub = 1;
constexpr uint32_t kQuotes = 2;
constexpr uint32_t kEventLog = 3;
constexpr size_t kFieldsMax = 4096;

struct Field {
  uint32_t number = 0;
  uint64_t value = 0;  // of a varint
  ByteView bytes;      // of a length-delimited field
};

std::optional<uint64_t> TakeVarint(ByteView& rest) {
  constexpr int kBits = 64;
  uint64_t value = 0;
  for (int shift = 0; shift < kBits; shift += 7) {
    if (rest.empty()) return std::nullopt;
    const uint8_t byte = rest[0];
    rest = rest.subspan(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

std::optional<ByteView> TakeBytes(ByteView& rest, uint64_t size) {
  if (size > rest.size()) return std::nullopt;
  const ByteView taken = rest.first(static_cast<size_t>(size));
  rest = rest.subspan(taken.size());
  return taken;
}

// All fields of a message; nothing if it is none.
std::optional<std::vector<Field>> ReadFields(ByteView rest) {
  std::vector<Field> fields;
  while (!rest.empty()) {
    const auto tag = TakeVarint(rest);
    if (!tag || *tag >> 3 == 0 || *tag >> 3 > 0x1FFFFFFF || fields.size() >= kFieldsMax) {
      return std::nullopt;
    }
    Field field;
    field.number = static_cast<uint32_t>(*tag >> 3);
    std::optional<ByteView> bytes = ByteView();
    switch (*tag & 7) {
      case 0: {
        const auto value = TakeVarint(rest);
        if (!value) return std::nullopt;
        field.value = *value;
        break;
      }
      case 1:
        bytes = TakeBytes(rest, 8);
        break;
      case 2: {
        const auto size = TakeVarint(rest);
        bytes = size ? TakeBytes(rest, *size) : std::nullopt;
        break;
      }
      case 5:
        bytes = TakeBytes(rest, 4);
        break;
      default:
        return std::nullopt;
    }
    if (!bytes) return std::nullopt;
    field.bytes = *bytes;
    fields.push_back(field);
  }
  return fields;
}

ByteView BytesOf(const std::vector<Field>& fields, uint32_t number) {
  for (const Field& field : fields) {
    if (field.number == number) return field.bytes;
  }
  return {};
}

// PCRs { HashAlgo hash = 1; map<uint32, bytes> pcrs = 2; }; a HashAlgo is the TPM_ALG_ID.
std::vector<tpmwire::PcrValue> ReadPcrs(ByteView message) {
  std::vector<tpmwire::PcrValue> values;
  const auto fields = ReadFields(message);
  if (!fields) return values;
  uint16_t bank = 0;
  for (const Field& field : *fields) {
    if (field.number == 1) bank = static_cast<uint16_t>(field.value);
  }
  for (const Field& field : *fields) {
    const auto entry = field.number == 2 ? ReadFields(field.bytes) : std::nullopt;
    if (!entry) continue;
    tpmwire::PcrValue value{bank, 0, ToBytes(BytesOf(*entry, 2))};
    for (const Field& part : *entry) {
      if (part.number == 1) value.index = static_cast<uint32_t>(part.value);
    }
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

std::vector<LintResult> LintAttestationProto(ByteView bytes) {
  const auto fields = ReadFields(bytes);
  if (!fields) return {};
  const auto ak = tpmwire::ParsePublic(BytesOf(*fields, kAkPub));
  if (!ak.ok()) return {};
  std::optional<crypto::PublicKey> key;
  if (auto public_key = tpmwire::ToPublicKey(*ak); public_key.ok()) key = std::move(*public_key);
  std::vector<LintResult> results;
  for (const Field& field : *fields) {
    if (field.number != kQuotes) continue;
    const auto quote = ReadFields(field.bytes);
    if (!quote) return {};
    LintStatement statement;
    statement.attest = BytesOf(*quote, 1);
    statement.signature = BytesOf(*quote, 2);
    statement.pcrs = ReadPcrs(BytesOf(*quote, 3));
    statement.key = key;
    results.push_back(LintAttest(statement));
  }
  if (const ByteView log = BytesOf(*fields, kEventLog); !log.empty()) {
    results.push_back(LintEventLog(log));
  }
  for (size_t i = 0; i < results.size(); ++i) results[i].index = i;
  return results;
}

}  // namespace preseal::server
