// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "common/crypto/encoding.h"
#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";

StatusOr<crypto::PublicKey> KeyOfArea(ByteView bytes) {
  ASSIGN_OR_RETURN(const tpmwire::PublicArea area, tpmwire::ParsePublic(bytes));
  return tpmwire::ToPublicKey(area);
}

}  // namespace

StatusOr<crypto::PublicKey> PublicKeyFromText(std::string_view pem) {
  const size_t begin = pem.find(kBegin);
  if (begin == std::string_view::npos) {
    ASSIGN_OR_RETURN(const crypto::Certificate certificate, crypto::Certificate::FromPem(pem));
    return certificate.public_key();
  }
  const size_t body = begin + kBegin.size();
  const size_t end = pem.find(kEnd, body);
  if (end == std::string_view::npos) return InvalidArgument("public key without its last line");
  std::string base64(pem.substr(body, end - body));
  std::erase_if(base64, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  ASSIGN_OR_RETURN(const Bytes der, crypto::Base64Decode(base64));
  return crypto::PublicKey::FromSpkiDer(der);
}

StatusOr<crypto::PublicKey> ReadLintKey(ByteView bytes) {
  if (AsText(bytes).find("-----BEGIN ") != std::string_view::npos) {
    return PublicKeyFromText(AsText(bytes));
  }
  if (auto key = KeyOfArea(bytes); key.ok()) return key;
  if (bytes.size() > 2) {
    const bool sized = bytes.size() - 2 == static_cast<size_t>(bytes[0] << 8 | bytes[1]);
    if (auto key = KeyOfArea(bytes.subspan(2)); sized && key.ok()) return key;
  }
  if (auto certificate = crypto::Certificate::FromDer(bytes); certificate.ok()) {
    return certificate->public_key();
  }
  return InvalidArgument("neither a public key nor a certificate");
}

}  // namespace preseal::server
