// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/kdf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>

#include "common/tpmwire/hash.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

constexpr uint8_t kLabelEnd[] = {0};

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

}  // namespace

Bytes Hmac(HashAlg hash, ByteView key, std::initializer_list<ByteView> parts) {
  Bytes message;
  for (const ByteView part : parts) message.insert(message.end(), part.begin(), part.end());
  Bytes mac(DigestSize(hash));
  // OpenSSL reads a null key as "keep the previous one"; an empty key needs an address.
  static constexpr uint8_t kNoKey[1] = {0};
  unsigned int size = 0;
  if (HMAC(MessageDigest(hash), key.empty() ? kNoKey : key.data(), static_cast<int>(key.size()),
           message.data(), message.size(), mac.data(), &size) == nullptr ||
      size != mac.size()) {
    std::abort();
  }
  return mac;
}

Secret KdfA(HashAlg hash, ByteView key, std::string_view label, ByteView context_u,
            ByteView context_v, uint32_t bits) {
  if (bits == 0 || bits % 8 != 0 || bits > 512) std::abort();
  const size_t wanted = bits / 8;
  const Bytes bits_field = Writer().U32(bits).Take();
  Bytes out;
  out.reserve(wanted);  // at once, so that growing leaves no unwiped copy behind
  for (uint32_t counter = 1; out.size() < wanted; ++counter) {
    const Bytes counter_field = Writer().U32(counter).Take();
    const Secret block(Hmac(
        hash, key, {counter_field, AsBytes(label), kLabelEnd, context_u, context_v, bits_field}));
    const ByteView used = block.Reveal().first(std::min(wanted - out.size(), DigestSize(hash)));
    out.insert(out.end(), used.begin(), used.end());
  }
  return Secret(std::move(out));
}

Secret KdfE(HashAlg hash, ByteView z, std::string_view label, ByteView party_u_x,
            ByteView party_v_x) {
  static constexpr uint8_t kCounterOne[] = {0, 0, 0, 1};
  return Secret(Hash(hash, {kCounterOne, z, AsBytes(label), kLabelEnd, party_u_x, party_v_x}));
}

}  // namespace preseal::tpmwire
