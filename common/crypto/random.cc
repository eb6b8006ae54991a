// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/random.h"

#include <openssl/rand.h>

#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {
namespace {

constexpr size_t kRandomBytesMax = size_t{1024} * 1024;

}  // namespace

StatusOr<Bytes> RandomBytes(size_t count) {
  if (count > kRandomBytesMax) return InvalidArgument("at most 1 MiB of random bytes at once");
  Bytes out(count);
  if (RAND_priv_bytes_ex(nullptr, out.data(), count, 0) != 1) {
    return openssl::Failure("draw random bytes");
  }
  return out;
}

}  // namespace preseal::crypto
