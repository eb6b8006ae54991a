// SPDX-License-Identifier: Apache-2.0
// Digests, HMAC and HKDF over OpenSSL. Pure; every function is thread-safe, a Sha256Stream is not.
// Running out of memory aborts: a digest has no other way to fail.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/status/status.h"

struct evp_md_ctx_st;

namespace preseal::crypto {

using Digest256 = std::array<uint8_t, 32>;

// kSha1 exists only to read what TPMs and firmware produced; never choose it.
enum class HashAlg { kSha1, kSha256, kSha384, kSha512 };

// 20, 32, 48 or 64.
size_t HashBytes(HashAlg alg);
Bytes Hash(HashAlg alg, ByteView data);
Digest256 Sha256(ByteView data);

// SHA-256 over pieces, for what does not fit in memory.
class Sha256Stream {
 public:
  Sha256Stream();
  void Update(ByteView data);
  // The digest of everything since construction or the last Finish; the stream then starts anew.
  Digest256 Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// RFC 2104 with SHA-256. Compare results with ConstantTimeEqual.
Digest256 HmacSha256(ByteView key, ByteView data);

// RFC 5869, extract and expand. `length` is 1..8160 bytes (255 blocks), else InvalidArgument.
StatusOr<Secret> HkdfSha256(ByteView input_key, ByteView salt, ByteView info, size_t length);

}  // namespace preseal::crypto
