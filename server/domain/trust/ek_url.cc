// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/ek_url.h"

#include <algorithm>
#include <array>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "server/domain/trust/strict_json.h"

namespace preseal::server {
namespace {

constexpr std::string_view kAmdHost = "ftpm.amd.com";
constexpr std::string_view kIntelHost = "ekop.intel.com";
constexpr uint8_t kAmdRsa[] = {0x00, 0x00, 0x22, 0x22};
constexpr uint8_t kAmdEcc[] = {0x00, 0x00, 0x44, 0x44};
constexpr uint8_t kExponent65537[] = {0x01, 0x00, 0x01};
constexpr size_t kAmdNameBytes = 16;

Bytes Joined(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Big endian in four bytes; nothing if it does not fit.
std::optional<Bytes> FourBytes(const Bytes& number) {
  if (number.size() > 4) return std::nullopt;
  Bytes padded(4 - number.size(), 0);
  padded.insert(padded.end(), number.begin(), number.end());
  return padded;
}

std::string UpperHex(ByteView bytes) {
  std::string hex = ToHex(bytes);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  return hex;
}

EkUrl AmdUrl(const Bytes& hashed) {
  const auto digest = crypto::Sha256(hashed);
  return {"AMD", fmt::format("https://{}/pki/aia/{}", kAmdHost,
                             UpperHex(ByteView(digest).first(kAmdNameBytes)))};
}

std::string IntelName(const crypto::Digest256& digest) {
  return crypto::Base64UrlEncode(digest) + "=";  // 32 bytes always leave one pad
}

EkUrl IntelUrl(const crypto::Digest256& digest) {
  std::string name = IntelName(digest);
  name.replace(name.size() - 1, 1, "%3D");
  return {"Intel", fmt::format("https://{}/ekcertservice/{}", kIntelHost, name)};
}

std::optional<crypto::Digest256> IntelDigest(const crypto::PublicKey& ek) {
  if (const auto rsa = ek.ToRsaParts(); rsa.ok()) {
    return crypto::Sha256(Joined({rsa->modulus, kExponent65537}));
  }
  if (ek.kind() != crypto::KeyKind::kP256) return std::nullopt;
  const auto point = ek.ToEcCoordinates();
  if (!point.ok()) return std::nullopt;
  return crypto::Sha256(Joined({point->x, point->y}));
}

std::optional<Bytes> AmdInput(const crypto::PublicKey& ek) {
  if (const auto rsa = ek.ToRsaParts(); rsa.ok()) {
    const auto exponent = FourBytes(rsa->exponent);
    if (!exponent) return std::nullopt;
    return Joined({kAmdRsa, *exponent, rsa->modulus});
  }
  const auto point = ek.ToEcCoordinates();
  if (!point.ok()) return std::nullopt;
  return Joined({kAmdEcc, point->x, point->y});
}

// Strict base64url, with or without its padding, as the service has sent both.
StatusOr<Bytes> DecodeUnpadded(std::string text) {
  while (text.ends_with("%3D")) text.resize(text.size() - 3);
  while (text.ends_with('=')) text.pop_back();
  return crypto::Base64UrlDecode(text);
}

}  // namespace

std::vector<EkUrl> EkCertificateUrls(const crypto::PublicKey& ek) {
  std::vector<EkUrl> urls;
  if (const auto digest = IntelDigest(ek)) urls.push_back(IntelUrl(*digest));
  if (const auto input = AmdInput(ek)) urls.push_back(AmdUrl(*input));
  return urls;
}

bool IsListedEkHost(std::string_view host) { return host == kAmdHost || host == kIntelHost; }

StatusOr<crypto::Certificate> ReadIntelAnswer(std::string_view text) {
  if (text.size() > 4 * kCertificateBytesMax) return InvalidArgument("answer is too large");
  ASSIGN_OR_RETURN(const auto json, ParseStrictJson(text));
  const auto certificate = json.is_object() ? json.find("certificate") : json.end();
  const auto hash = json.is_object() ? json.find("pubhash") : json.end();
  if (certificate == json.end() || hash == json.end() || !certificate->is_string() ||
      !hash->is_string()) {
    return InvalidArgument("must hold pubhash and certificate");
  }
  ASSIGN_OR_RETURN_CTX(const Bytes der, DecodeUnpadded(certificate->get<std::string>()),
                       "certificate");
  ASSIGN_OR_RETURN_CTX(const Bytes stated, DecodeUnpadded(hash->get<std::string>()), "pubhash");
  ASSIGN_OR_RETURN(crypto::Certificate parsed, crypto::Certificate::FromDer(der));
  ASSIGN_OR_RETURN(const auto key, parsed.public_key());
  const auto digest = IntelDigest(key);
  if (!digest || !std::equal(digest->begin(), digest->end(), stated.begin(), stated.end())) {
    return InvalidArgument("pubhash is not that of the certificate's key");
  }
  return parsed;
}

}  // namespace preseal::server
