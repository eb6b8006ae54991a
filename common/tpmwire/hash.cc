// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const EVP_MD* MessageDigest(HashAlg hash) {
  switch (hash) {
    case HashAlg::kSha1:
      return EVP_sha1();
    case HashAlg::kSha256:
      return EVP_sha256();
    case HashAlg::kSha384:
      return EVP_sha384();
    case HashAlg::kSha512:
      return EVP_sha512();
  }
  std::abort();
}

void HashInto(HashAlg hash, std::initializer_list<ByteView> parts, uint8_t* out) {
  const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), MessageDigest(hash), nullptr) != 1) std::abort();
  for (const ByteView part : parts) {
    if (EVP_DigestUpdate(context.get(), part.data(), part.size()) != 1) std::abort();
  }
  if (EVP_DigestFinal_ex(context.get(), out, nullptr) != 1) std::abort();
}

Bytes Join(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

constexpr uint8_t kLabelEnd[] = {0};

}  // namespace

Bytes Hash(HashAlg hash, std::initializer_list<ByteView> parts) {
  Bytes digest(DigestSize(hash));
  HashInto(hash, parts, digest.data());
  return digest;
}

Sha256Digest Sha256(std::initializer_list<ByteView> parts) {
  Sha256Digest digest;
  HashInto(HashAlg::kSha256, parts, digest.data());
  return digest;
}

Bytes Hmac(HashAlg hash, ByteView key, std::initializer_list<ByteView> parts) {
  const Secret message(Join(parts));  // may hold derived secrets, so it is wiped
  // OpenSSL reads a null key as "keep the previous one"; an empty key needs an address.
  static constexpr uint8_t kNoKey[1] = {0};
  Bytes mac(DigestSize(hash));
  unsigned int size = 0;
  if (HMAC(MessageDigest(hash), key.empty() ? kNoKey : key.data(), static_cast<int>(key.size()),
           message.Reveal().data(), message.Reveal().size(), mac.data(), &size) == nullptr ||
      size != mac.size()) {
    std::abort();
  }
  return mac;
}

Secret KdfA(HashAlg hash, ByteView key, std::string_view label, ByteView context_u,
            ByteView context_v, uint32_t bits) {
  if (bits == 0 || bits % 8 != 0 || bits > 512) std::abort();
  const size_t wanted = bits / 8;
  Writer bits_be;
  bits_be.U32(bits);
  Bytes out;
  for (uint32_t counter = 1; out.size() < wanted; ++counter) {
    Writer counter_be;
    counter_be.U32(counter);
    const Secret block(
        Hmac(hash, key,
             {counter_be.view(), AsBytes(label), kLabelEnd, context_u, context_v, bits_be.view()}));
    const size_t take = std::min(wanted - out.size(), block.Reveal().size());
    // Reserved at once, so that growing leaves no unwiped copy behind.
    if (out.capacity() < wanted) out.reserve(wanted);
    out.insert(out.end(), block.Reveal().begin(), block.Reveal().begin() + take);
  }
  return Secret(std::move(out));
}

Secret KdfE(HashAlg hash, ByteView z, std::string_view label, ByteView party_u_x,
            ByteView party_v_x) {
  static constexpr uint8_t kCounterOne[] = {0, 0, 0, 1};
  return Secret(Hash(hash, {kCounterOne, z, AsBytes(label), kLabelEnd, party_u_x, party_v_x}));
}

Secret HkdfSha256(ByteView key, std::string_view info) {
  // RFC 5869: an absent salt is a digest's worth of zeros; one block is all we need.
  static constexpr uint8_t kZeroSalt[32] = {};
  static constexpr uint8_t kFirstBlock[] = {1};
  const Secret extracted(Hmac(HashAlg::kSha256, kZeroSalt, {key}));
  return Secret(Hmac(HashAlg::kSha256, extracted.Reveal(), {AsBytes(info), kFirstBlock}));
}

}  // namespace preseal::tpmwire
