// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/bank_hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "common/crypto/digest.h"

namespace preseal::server {
namespace {

// Null where OpenSSL was built without it. Fetched once, lives as long as the process.
const EVP_MD* Sm3() {
  static const EVP_MD* const sm3 = EVP_MD_fetch(nullptr, "SM3", nullptr);
  return sm3;
}

Bytes HashSm3(ByteView data) {
  Bytes out(BankDigestBytes(kBankSm3));
  if (Sm3() == nullptr ||
      EVP_Digest(data.data(), data.size(), out.data(), nullptr, Sm3(), nullptr) != 1) {
    return {};
  }
  return out;
}

}  // namespace

size_t BankDigestBytes(uint16_t algorithm) {
  switch (algorithm) {
    case kBankSha1:
      return 20;
    case kBankSha256:
    case kBankSm3:
      return 32;
    case kBankSha384:
      return 48;
    case kBankSha512:
      return 64;
    default:
      return 0;
  }
}

bool CanHashBank(uint16_t algorithm) {
  return algorithm == kBankSm3 ? Sm3() != nullptr : BankDigestBytes(algorithm) != 0;
}

Bytes BankHash(uint16_t algorithm, ByteView data) {
  switch (algorithm) {
    case kBankSha1:
      return crypto::Hash(crypto::HashAlg::kSha1, data);
    case kBankSha256:
      return crypto::Hash(crypto::HashAlg::kSha256, data);
    case kBankSha384:
      return crypto::Hash(crypto::HashAlg::kSha384, data);
    case kBankSha512:
      return crypto::Hash(crypto::HashAlg::kSha512, data);
    case kBankSm3:
      return HashSm3(data);
    default:
      return {};
  }
}

std::string BankName(uint16_t algorithm) {
  switch (algorithm) {
    case kBankSha1:
      return "sha1";
    case kBankSha256:
      return "sha256";
    case kBankSha384:
      return "sha384";
    case kBankSha512:
      return "sha512";
    case kBankSm3:
      return "sm3_256";
    default:
      return fmt::format("{:#06x}", algorithm);
  }
}

}  // namespace preseal::server
