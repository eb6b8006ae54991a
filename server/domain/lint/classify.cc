// SPDX-License-Identifier: Apache-2.0
#include "server/domain/lint/classify.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "common/tpmwire/attest.h"
#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/little_endian.h"

namespace preseal::server {
namespace {

constexpr std::string_view kSpecIdMark = "Spec ID Event";
constexpr size_t kSpecIdAt = 32;  // after pcr, type, SHA-1 digest and size
constexpr uint32_t kPcrLast = 23;
constexpr uint32_t kEventTypePlainMax = 0x14;
constexpr uint32_t kEventTypeEfi = 0x80000000;
constexpr uint32_t kEventTypeEfiMax = 0x800001FF;
constexpr uint8_t kSequenceTag = 0x30;
constexpr uint16_t kAttestTypeFirst = 0x8014;  // TPM_ST_ATTEST_NV
constexpr uint16_t kAttestTypeLast = 0x801C;   // TPM_ST_ATTEST_NV_DIGEST
constexpr size_t kNameSizeMax = 66;            // SHA-512 and its algorithm

bool Contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool EndsWithAny(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

// What the name claims, when the bytes say nothing.
LintForm FormOfName(std::string_view path) {
  const std::string lower = Lower(path);
  const std::string name = lower.substr(lower.rfind('/') + 1);
  if (EndsWithAny(name, {".pem"})) return LintForm::kPem;
  if (EndsWithAny(name, {".nv", ".der", ".crt", ".cer", ".cert"})) return LintForm::kX509;
  if (EndsWithAny(name, {".attest", ".quote", ".msg"}) || name.starts_with("quote")) {
    return LintForm::kAttest;
  }
  if (Contains(name, "eventlog") || Contains(name, "event-log") || Contains(name, "event_log") ||
      Contains(name, "event.log") || Contains(name, "measurements") ||
      EndsWithAny(name, {".bin", ".evlog"})) {
    return LintForm::kEventLog;
  }
  if (Contains(lower, "eventlog")) return LintForm::kEventLog;
  if (Contains(lower, "ekcert")) return LintForm::kX509;
  return LintForm::kUnknown;
}

bool LooksLikeEventLog(ByteView bytes) {
  if (bytes.size() >= kSpecIdAt + kSpecIdMark.size() &&
      AsText(bytes.subspan(kSpecIdAt, kSpecIdMark.size())) == kSpecIdMark) {
    return true;
  }
  LittleEndianReader reader(bytes);
  const auto pcr = reader.U32();
  const auto type = reader.U32();
  if (!pcr || !type) return false;
  const bool in_pcr = *pcr <= kPcrLast || *pcr == 0xFFFFFFFF;
  const bool named =
      *type <= kEventTypePlainMax || (*type > kEventTypeEfi && *type <= kEventTypeEfiMax);
  // Zeros are no log, but the start of many things.
  return in_pcr && named && (*pcr != 0 || *type != 0);
}

bool LooksLikeAttest(ByteView bytes) {
  tpmwire::Reader reader(bytes);
  const auto magic = reader.U32("magic");
  if (magic.ok() && *magic == tpmwire::kTpmGenerated) return true;
  // Made by hand, with another magic: the attack that one stops (attestation.md, attack 4).
  const auto type = reader.U16("type");
  const auto signer_size = reader.U16("size");
  return magic.ok() && type.ok() && signer_size.ok() && *type >= kAttestTypeFirst &&
         *type <= kAttestTypeLast && *signer_size <= kNameSizeMax;
}

bool LooksLikeSizedAttest(ByteView bytes) {
  tpmwire::Reader reader(bytes);
  const auto size = reader.U16("size");
  return size.ok() && reader.remaining() >= 6 && LooksLikeAttest(bytes.subspan(2));
}

// Content of a tag-length-value whatever its length says; nothing if there is no header.
std::optional<ByteView> Inside(ByteView bytes, uint8_t tag) {
  if (bytes.size() < 2 || bytes[0] != tag) return std::nullopt;
  const size_t length_bytes = bytes[1] & 0x80 ? 1 + (bytes[1] & 0x7F) : 1;
  if (bytes.size() < 1 + length_bytes) return std::nullopt;
  return bytes.subspan(1 + length_bytes);
}

// SEQUENCE { SEQUENCE { INTEGER, SEQUENCE { [0], [1] or [2] …: version and holder. A certificate of
// a key has an algorithm there.
bool LooksLikeAttributeCertificate(ByteView bytes) {
  const auto outer = Inside(bytes, kSequenceTag);
  const auto info = outer ? Inside(*outer, kSequenceTag) : std::nullopt;
  if (!info || info->size() < 3 || (*info)[0] != 0x02 || (*info)[1] != 1) return false;
  const auto holder = Inside(info->subspan(3), kSequenceTag);
  return holder && !holder->empty() && (*holder)[0] >= 0xA0 && (*holder)[0] <= 0xA2;
}

bool LooksLikeCertificate(ByteView bytes) {
  if (bytes.size() >= 2 && bytes[0] == 0x10 && bytes[1] == 0x01) return true;  // TCG header
  return bytes.size() >= 2 && bytes[0] == kSequenceTag && bytes[1] >= 0x80 && bytes[1] <= 0x84;
}

bool IsPublic(ByteView bytes) {
  if (tpmwire::ParsePublic(bytes).ok()) return true;
  return bytes.size() > 2 && tpmwire::ParsePublic(bytes.subspan(2)).ok();
}

// Field 1, its length, and the TPMT_PUBLIC of an RSA or ECC key with a name of SHA-256.
bool LooksLikeAttestationProto(ByteView bytes) {
  if (bytes.size() < 8 || bytes[0] != 0x0A) return false;
  const size_t at = bytes[1] & 0x80 ? 3 : 2;
  const bool rsa_or_ecc = bytes[at] == 0x00 && (bytes[at + 1] == 0x01 || bytes[at + 1] == 0x23);
  return rsa_or_ecc && bytes[at + 2] == 0x00 && bytes[at + 3] == 0x0B;
}

LintForm FormOfText(std::string_view text, std::string_view path) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return LintForm::kJson;
  if (Contains(text, "-----BEGIN ")) return LintForm::kPem;
  // A damaged PEM, or one cut before its first line ends.
  return FormOfName(path) == LintForm::kPem ? LintForm::kPem : LintForm::kText;
}

}  // namespace

bool LooksLikeText(ByteView bytes) {
  const std::string_view text = AsText(bytes);
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7F : c == '\n' || c == '\r' || c == '\t';
  });
  if (!printable) return false;
  std::string plain(text);
  std::erase_if(plain, [](char c) { return c == '\n' || c == '\r' || c == '\t' || c == '\\'; });
  // What is not UTF-8 comes back changed.
  return EscapeForLog(plain, plain.size() + 1) == plain;
}

bool LooksLikeAuthority(ByteView der) {
  static constexpr std::array<uint8_t, 5> kBasicConstraints = {0x06, 0x03, 0x55, 0x1D, 0x13};
  static constexpr std::array<uint8_t, 3> kTrue = {0x01, 0x01, 0xFF};
  static constexpr size_t kValueWithin = 12;  // critical TRUE, OCTET STRING, SEQUENCE
  auto at = std::search(der.begin(), der.end(), kBasicConstraints.begin(), kBasicConstraints.end());
  if (at == der.end()) return false;
  at += kBasicConstraints.size();
  if (der.end() - at >= 3 && std::equal(kTrue.begin(), kTrue.end(), at)) at += kTrue.size();
  const auto end = at + std::min<ptrdiff_t>(der.end() - at, kValueWithin);
  return std::search(at, end, kTrue.begin(), kTrue.end()) != end;
}

LintForm Classify(ByteView bytes, std::string_view path) {
  if (bytes.empty()) return FormOfName(path);
  if (AsText(bytes).starts_with("-----BEGIN ")) return LintForm::kPem;
  // Before text: the few bytes of a cut file may all be printable.
  if (LooksLikeAttributeCertificate(bytes)) return LintForm::kAttributeCertificate;
  if (LooksLikeCertificate(bytes)) return LintForm::kX509;
  if (LooksLikeAttest(bytes) || LooksLikeSizedAttest(bytes)) return LintForm::kAttest;
  if (tpmwire::ParseSignature(bytes).ok()) return LintForm::kSignature;
  if (IsPublic(bytes)) return LintForm::kPublic;
  if (LooksLikeAttestationProto(bytes)) return LintForm::kAttestationProto;
  if (LooksLikeEventLog(bytes)) return LintForm::kEventLog;
  if (LooksLikeText(bytes)) {
    const LintForm named = FormOfName(path);
    const LintForm text = FormOfText(AsText(bytes), path);
    return text == LintForm::kText && named != LintForm::kUnknown ? named : text;
  }
  // PEM with a few bytes spoiled is no text any more.
  if (Contains(AsText(bytes), "-----BEGIN ")) return LintForm::kPem;
  return FormOfName(path);
}

}  // namespace preseal::server
