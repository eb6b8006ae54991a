// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/hash.h"

#include <cstdlib>

namespace preseal::tpmwire {
namespace {

Bytes Join(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

crypto::HashAlg ToCrypto(HashAlg hash) {
  switch (hash) {
    case HashAlg::kSha1:
      return crypto::HashAlg::kSha1;
    case HashAlg::kSha256:
      return crypto::HashAlg::kSha256;
    case HashAlg::kSha384:
      return crypto::HashAlg::kSha384;
    case HashAlg::kSha512:
      return crypto::HashAlg::kSha512;
  }
  std::abort();
}

Bytes Hash(HashAlg hash, std::initializer_list<ByteView> parts) {
  return crypto::Hash(ToCrypto(hash), Join(parts));
}

Sha256Digest Sha256(std::initializer_list<ByteView> parts) {
  if (parts.size() == 1) return crypto::Sha256(*parts.begin());
  return crypto::Sha256(Join(parts));
}

}  // namespace preseal::tpmwire
