// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/jws.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "common/base/limits.h"
#include "common/crypto/encoding.h"

namespace preseal::crypto {
namespace {

using Json = nlohmann::json;

constexpr char kAlgorithm[] = "ES256";

struct CompactParts {
  std::string_view signed_text;  // header and payload as sent, with the dot
  Json header;
  std::string payload;
  Bytes signature;
};

// A JSON object, or nullopt. A repeated name is refused: two readers may pick different ones.
std::optional<Json> ParseObject(std::string_view text) {
  std::set<std::string> names;
  bool repeated = false;
  const auto check = [&names, &repeated](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1) {
      repeated = repeated || !names.insert(parsed.get<std::string>()).second;
    }
    return true;
  };
  Json object = Json::parse(text, check, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.is_object() || repeated) return std::nullopt;
  return object;
}

// Text of a string member; "" if absent or something else.
std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<CompactParts> Split(std::string_view jws, size_t bytes_max) {
  if (jws.size() > bytes_max) return std::nullopt;
  const size_t first = jws.find('.');
  const size_t second = first == std::string_view::npos ? first : jws.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto header = Base64UrlDecode(jws.substr(0, first));
  const auto payload = Base64UrlDecode(jws.substr(first + 1, second - first - 1));
  auto signature = Base64UrlDecode(jws.substr(second + 1));  // a third dot fails here
  if (!header.ok() || !payload.ok() || !signature.ok()) return std::nullopt;
  auto object = ParseObject(AsText(*header));
  if (!object.has_value() || !ParseObject(AsText(*payload)).has_value()) return std::nullopt;
  // Extensions that must be understood; we know none (RFC 7515 section "crit").
  if (object->contains("crit") || object->contains("b64")) return std::nullopt;
  return CompactParts{.signed_text = jws.substr(0, second),
                      .header = *std::move(object),
                      .payload = preseal::ToString(*payload),
                      .signature = *std::move(signature)};
}

// Certificates of "x5c", leaf first; empty if anything about it is wrong.
std::vector<Certificate> ReadChain(const Json& header) {
  const auto x5c = header.find("x5c");
  if (x5c == header.end() || !x5c->is_array() || x5c->size() > kJwsChainCertificatesMax) return {};
  std::vector<Certificate> chain;
  for (const Json& entry : *x5c) {
    if (!entry.is_string()) return {};
    // Standard base64 with padding, unlike everything else in a JWS (RFC 7515 section "x5c").
    const auto der = Base64Decode(entry.get_ref<const std::string&>());
    if (!der.ok()) return {};
    auto certificate = Certificate::FromDer(*der);
    if (!certificate.ok()) return {};
    chain.push_back(*std::move(certificate));
  }
  return chain;
}

bool SignatureHolds(const CompactParts& parts, const Certificate& signer) {
  const auto key = signer.public_key();
  return key.ok() && key->kind() == KeyKind::kP256 &&
         key->VerifyEcdsaRaw(HashAlg::kSha256, AsBytes(parts.signed_text), parts.signature);
}

JwsVerdict Refuse(JwsOutcome outcome, std::string_view detail) {
  JwsVerdict verdict;
  verdict.outcome = outcome;
  verdict.detail = std::string(detail);
  return verdict;
}

}  // namespace

std::string_view ToText(JwsOutcome outcome) {
  switch (outcome) {
    case JwsOutcome::kMalformed:
      return "malformed";
    case JwsOutcome::kAccepted:
      return "accepted";
    case JwsOutcome::kWrongAlgorithm:
      return "wrong algorithm";
    case JwsOutcome::kWrongType:
      return "wrong type";
    case JwsOutcome::kNoCertificate:
      return "no certificate";
    case JwsOutcome::kUntrusted:
      return "untrusted signer";
    case JwsOutcome::kBadSignature:
      return "bad signature";
  }
  return "unknown";
}

StatusOr<std::string> SignCompact(std::string_view type, std::string_view payload,
                                  const PrivateKey& key, const std::vector<Certificate>& chain,
                                  size_t bytes_max) {
  if (chain.empty() || chain.size() > kJwsChainCertificatesMax) {
    return InvalidArgument("signer's chain is empty or too long");
  }
  ASSIGN_OR_RETURN(const PublicKey signer, chain[0].public_key());
  if (!signer.Equals(key.public_key())) {
    return InvalidArgument("signing key does not belong to its certificate");
  }
  if (!ParseObject(payload).has_value()) return InvalidArgument("payload is not a JSON object");
  Json header = {{"alg", kAlgorithm}, {"typ", std::string(type)}, {"x5c", Json::array()}};
  for (const Certificate& certificate : chain) {
    header["x5c"].push_back(Base64Encode(certificate.der()));
  }
  std::string jws =
      Base64UrlEncode(AsBytes(header.dump())) + "." + Base64UrlEncode(AsBytes(payload));
  ASSIGN_OR_RETURN(const Bytes signature, key.SignRaw(AsBytes(jws)));
  jws += "." + Base64UrlEncode(signature);
  if (jws.size() > bytes_max) return InvalidArgument("payload is too large to sign");
  return jws;
}

StatusOr<JwsVerdict> VerifyCompact(std::string_view jws, const JwsPolicy& policy) {
  auto parts = Split(jws, policy.bytes_max);
  if (!parts.has_value())
    return Refuse(JwsOutcome::kMalformed, "not a compact JWS of JSON objects");
  // Before anything is computed: "none" and HMAC with a public key are the classic forgeries.
  if (TextOf(parts->header, "alg") != kAlgorithm) {
    return Refuse(JwsOutcome::kWrongAlgorithm, "alg is not ES256");
  }
  // One signer may sign several kinds of statement; one must not pass for another.
  if (TextOf(parts->header, "typ") != policy.type) {
    return Refuse(JwsOutcome::kWrongType, fmt::format("typ is not {}", policy.type));
  }
  const auto chain = ReadChain(parts->header);
  if (chain.empty()) return Refuse(JwsOutcome::kNoCertificate, "no usable x5c");
  const ChainPolicy chain_policy{.at = policy.at,
                                 .purpose_oid = policy.purpose_oid,
                                 .depth_max = static_cast<int>(kJwsChainCertificatesMax)};
  JwsVerdict verdict;
  if (!policy.any_signer) {
    ASSIGN_OR_RETURN(verdict.chain, VerifyChain(chain[0], chain, policy.roots, chain_policy));
  }
  if (!policy.any_signer && !verdict.chain.trusted()) {
    verdict.outcome = JwsOutcome::kUntrusted;
    verdict.detail = fmt::format("{}: {}", ToText(verdict.chain.outcome), verdict.chain.detail);
    return verdict;
  }
  if (!SignatureHolds(*parts, chain[0])) {
    verdict.outcome = JwsOutcome::kBadSignature;
    verdict.detail = "signature does not match the content";
    return verdict;
  }
  verdict.outcome = JwsOutcome::kAccepted;
  verdict.payload = std::move(parts->payload);
  verdict.signer = chain[0];
  return verdict;
}

}  // namespace preseal::crypto
