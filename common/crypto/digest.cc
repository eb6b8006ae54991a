// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/digest.h"

#include <openssl/hmac.h>

#include <cstdio>
#include <cstdlib>

#include "common/crypto/hash_alg.h"
#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {
namespace {

constexpr size_t kHkdfBytesMax = size_t{255} * 32;

// A digest over memory cannot fail but by our own bug or exhausted memory; a wrong digest passed
// on would be worse than stopping.
void CheckOk(int return_code) {
  if (return_code == 1) return;
  std::fputs("digest failed: out of memory or a broken OpenSSL\n", stderr);
  std::abort();
}

}  // namespace

// Fetched once: a fetch per call costs more than hashing a kilobyte.
const EVP_MD* Digest(HashAlg alg) {
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
  static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  switch (alg) {
    case HashAlg::kSha1:
      return sha1;
    case HashAlg::kSha256:
      return sha256;
    case HashAlg::kSha384:
      return sha384;
    case HashAlg::kSha512:
      return sha512;
  }
  return nullptr;
}

size_t HashBytes(HashAlg alg) {
  switch (alg) {
    case HashAlg::kSha1:
      return 20;
    case HashAlg::kSha256:
      return 32;
    case HashAlg::kSha384:
      return 48;
    case HashAlg::kSha512:
      return 64;
  }
  return 0;
}

Bytes Hash(HashAlg alg, ByteView data) {
  Bytes out(HashBytes(alg));
  CheckOk(EVP_Digest(data.data(), data.size(), out.data(), nullptr, Digest(alg), nullptr));
  return out;
}

Digest256 Sha256(ByteView data) {
  Digest256 out;
  CheckOk(
      EVP_Digest(data.data(), data.size(), out.data(), nullptr, Digest(HashAlg::kSha256), nullptr));
  return out;
}

void Sha256Stream::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  CheckOk(EVP_DigestInit_ex2(context_.get(), Digest(HashAlg::kSha256), nullptr));
}

void Sha256Stream::Update(ByteView data) {
  CheckOk(EVP_DigestUpdate(context_.get(), data.data(), data.size()));
}

Digest256 Sha256Stream::Finish() {
  Digest256 out;
  CheckOk(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr));
  CheckOk(EVP_DigestInit_ex2(context_.get(), Digest(HashAlg::kSha256), nullptr));
  return out;
}

Digest256 HmacSha256(ByteView key, ByteView data) {
  // HMAC() takes a null key for "keep the last one", so an empty key needs an address.
  static constexpr uint8_t kNoKey = 0;
  const void* key_bytes = key.empty() ? &kNoKey : key.data();
  Digest256 out;
  CheckOk(HMAC(Digest(HashAlg::kSha256), key_bytes, static_cast<int>(key.size()), data.data(),
               data.size(), out.data(), nullptr) != nullptr);
  return out;
}

StatusOr<Secret> HkdfSha256(ByteView input_key, ByteView salt, ByteView info, size_t length) {
  if (length == 0 || length > kHkdfBytesMax) {
    return InvalidArgument("HKDF output must be 1 to 8160 bytes");
  }
  // RFC 5869 in two lines of HMAC: EVP_KDF refuses an empty input key, the RFC does not.
  const Digest256 pseudo_random_key = HmacSha256(salt, input_key);
  Bytes out;
  Bytes block;
  for (uint8_t counter = 1; out.size() < length; ++counter) {
    block.insert(block.end(), info.begin(), info.end());
    block.push_back(counter);
    const Digest256 mac = HmacSha256(pseudo_random_key, block);
    out.insert(out.end(), mac.begin(), mac.end());
    block.assign(mac.begin(), mac.end());
  }
  OPENSSL_cleanse(block.data(), block.size());
  OPENSSL_cleanse(out.data() + length, out.size() - length);
  out.resize(length);
  return Secret(std::move(out));
}

}  // namespace preseal::crypto
