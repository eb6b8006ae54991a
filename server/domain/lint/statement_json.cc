// SPDX-License-Identifier: Apache-2.0
// Statements written as JSON with hex values: a WebAuthn attestation statement of format "tpm", and
// single TPM structures under their own names (docs/lint.md, "Statements as JSON").
#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "common/tpmwire/hash.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"
#include "common/tpmwire/writer.h"
#include "server/domain/event_log/little_endian.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

using nlohmann::json;

constexpr size_t kPcrListsMax = 64;
constexpr size_t kDigestsPerList = 8;   // TPML_DIGEST
constexpr size_t kDigestBytesMax = 64;  // in its buffer, whatever its size
constexpr int kCoseRs1 = -65535;        // RSASSA with SHA-1
constexpr int kCoseRs256 = -257;

// What a JSON gives, owned.
struct Parts {
  Bytes attest;
  Bytes signature;
  std::optional<crypto::PublicKey> key;
  std::optional<Bytes> nonce;
  std::optional<Bytes> name;
  std::vector<tpmwire::PcrValue> pcrs;
};

std::optional<std::string> Text(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<Bytes> Hex(const json& object, const char* name) {
  const auto text = Text(object, name);
  if (!text) return std::nullopt;
  auto bytes = FromHex(*text);
  // Damaged hex is damaged evidence, not absent evidence.
  return bytes.ok() ? std::move(*bytes) : Bytes{0};
}

std::optional<crypto::PublicKey> KeyOfPem(std::string_view pem) {
  auto key = PublicKeyFromText(pem);
  if (!key.ok()) return std::nullopt;
  return std::move(*key);
}

std::optional<tpmwire::PublicArea> Area(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  auto area = tpmwire::ParsePublic(*bytes);
  if (!area.ok()) return std::nullopt;
  return std::move(*area);
}

// tpm2-tools' PCR file: TPML_PCR_SELECTION as a C structure, a count of lists, then TPML_DIGESTs as
// C structures (little-endian, every digest in a buffer of 64 bytes).
std::vector<tpmwire::PcrValue> PcrsOfToolsFile(ByteView bytes) {
  constexpr size_t kSelectionsMax = 16;
  struct Selected {
    uint16_t bank;
    uint32_t pcr;
  };
  LittleEndianReader reader(bytes);
  std::vector<Selected> selected;
  const auto banks = reader.U32();
  if (!banks || *banks > kSelectionsMax) return {};
  for (size_t i = 0; i < kSelectionsMax; ++i) {
    const auto bank = reader.U16();
    const auto mask_size = reader.U8();
    const auto mask = reader.Raw(4);
    const auto padding = reader.Raw(1);
    if (!bank || !mask_size || !mask || !padding) return {};
    for (uint32_t pcr = 0; i < *banks && pcr < tpmwire::kPcrCount; ++pcr) {
      if (((*mask)[pcr / 8] >> (pcr % 8) & 1) != 0) selected.push_back({*bank, pcr});
    }
  }
  const auto lists = reader.U32();
  if (!lists || *lists > kPcrListsMax) return {};
  std::vector<tpmwire::PcrValue> values;
  for (uint32_t i = 0; i < *lists; ++i) {
    const auto count = reader.U32();
    if (!count || *count > kDigestsPerList) return {};
    for (size_t k = 0; k < kDigestsPerList; ++k) {
      const auto size = reader.U16();
      const auto buffer = reader.Raw(kDigestBytesMax);
      if (!size || !buffer || *size > kDigestBytesMax) return {};
      if (k >= *count || values.size() >= selected.size()) continue;
      const Selected& which = selected[values.size()];
      values.push_back({which.bank, which.pcr, ToBytes(buffer->first(*size))});
    }
  }
  return values;
}

// {"tpms_attest" or "tpms_attest_creation", "tpmt_signature", "tpmt_public" or "ak_pem",
//  "nonce" or "nonce_ascii", "pcrs_tpm2tools_format"}
std::optional<Parts> PartsOfStructures(const json& object) {
  auto attest = Hex(object, "tpms_attest");
  if (!attest) attest = Hex(object, "tpms_attest_creation");
  if (!attest) return std::nullopt;
  Parts parts;
  parts.attest = std::move(*attest);
  parts.signature = Hex(object, "tpmt_signature").value_or(Bytes());
  if (const auto pem = Text(object, "ak_pem")) parts.key = KeyOfPem(*pem);
  if (const auto area = Area(Hex(object, "tpmt_public"))) {
    if (auto key = tpmwire::ToPublicKey(*area); key.ok()) parts.key = std::move(*key);
  }
  if (const auto ascii = Text(object, "nonce_ascii")) parts.nonce = ToBytes(*ascii);
  if (auto nonce = Hex(object, "nonce")) parts.nonce = std::move(nonce);
  if (const auto pcrs = Hex(object, "pcrs_tpm2tools_format")) parts.pcrs = PcrsOfToolsFile(*pcrs);
  return parts;
}

// TPMT_SIGNATURE of a COSE algorithm's bare signature; empty for others.
Bytes FromCose(int algorithm, ByteView signature) {
  if (algorithm != kCoseRs1 && algorithm != kCoseRs256) return {};
  const auto hash = algorithm == kCoseRs1 ? tpmwire::HashAlg::kSha1 : tpmwire::HashAlg::kSha256;
  return tpmwire::MarshalSignature({tpmwire::AlgId::kRsaSsa, hash, {}, {}, ToBytes(signature)});
}

// WebAuthn, "TPM Attestation Statement Format": extraData is the hash, by alg, of authenticator
// data and the hash of the client data.
std::optional<Parts> PartsOfWebAuthn(const json& object) {
  const auto statement = object.find("attStmt");
  if (statement == object.end() || !statement->is_object()) return std::nullopt;
  auto attest = Hex(*statement, "certInfo");
  const auto signature = Hex(*statement, "sig");
  if (!attest || !signature) return std::nullopt;
  Parts parts;
  parts.attest = std::move(*attest);
  const auto algorithm = statement->find("alg");
  const int alg =
      algorithm != statement->end() && algorithm->is_number_integer() ? algorithm->get<int>() : 0;
  parts.signature = FromCose(alg, *signature);
  if (parts.signature.empty()) parts.signature = Bytes{0};  // an algorithm we do not take
  const auto chain = statement->find("x5c");
  if (chain != statement->end() && chain->is_array() && !chain->empty() &&
      chain->front().is_string()) {
    const auto der = FromHex(chain->front().get<std::string>());
    const auto certificate =
        der.ok() ? crypto::Certificate::FromDer(*der) : StatusOr<crypto::Certificate>(der.status());
    if (certificate.ok()) {
      if (auto key = certificate->public_key(); key.ok()) parts.key = std::move(*key);
    }
  }
  if (const auto area = Area(Hex(*statement, "pubArea"))) parts.name = tpmwire::NameOf(*area);
  const auto data = Hex(object, "authData");
  const auto client = Hex(object, "clientDataJSON");
  if (data && client) {
    const auto hash = alg == kCoseRs1 ? tpmwire::HashAlg::kSha1 : tpmwire::HashAlg::kSha256;
    const Bytes client_hash = tpmwire::Hash(tpmwire::HashAlg::kSha256, {*client});
    parts.nonce = tpmwire::Hash(hash, {*data, client_hash});
  }
  return parts;
}

}  // namespace

std::vector<LintResult> LintJson(std::string_view text, const LintOptions& options) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {};
  auto parts = PartsOfStructures(object);
  const bool web_authn = !parts;
  if (web_authn) parts = PartsOfWebAuthn(object);
  if (!parts) return {};
  LintStatement statement;
  statement.attest = parts->attest;
  statement.signature = parts->signature;
  statement.key = parts->key ? parts->key : options.key;
  statement.nonce = std::move(parts->nonce);
  statement.name = std::move(parts->name);
  statement.pcrs = std::move(parts->pcrs);
  LintResult result = LintAttest(statement);
  if (web_authn) {
    // A key in another hierarchy hides its firmware and reset counts, and no activation tied it to
    // an endorsement key: the server never takes such a statement.
    LintFindings(result).Refuse(707, "AK is in the endorsement hierarchy",
                                RefusalCode::kAkHierarchy, "an AK no endorsement key stands for",
                                "an AK bound to an enrolled EK by activation");
  }
  return {std::move(result)};
}

}  // namespace preseal::server
