// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/name.h"

#include "common/tpmwire/hash.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

Bytes Prefixed(HashAlg hash, ByteView digest) {
  return Writer().U16(static_cast<uint16_t>(hash)).Raw(digest).Take();
}

}  // namespace

Bytes NameOf(const PublicArea& area) {
  return Prefixed(area.name_algorithm, Hash(area.name_algorithm, {MarshalPublic(area)}));
}

Bytes QualifiedNameOf(uint32_t hierarchy, const PublicArea& area) {
  const Bytes parent = Writer().U32(hierarchy).Take();
  return Prefixed(area.name_algorithm, Hash(area.name_algorithm, {parent, NameOf(area)}));
}

}  // namespace preseal::tpmwire
