// SPDX-License-Identifier: Apache-2.0
// Publics, statements, signatures and PCR selections; the first byte chooses. What a decoder
// accepts must come back byte for byte. Links common_tpmwire only.
#include <algorithm>
#include <cstdlib>

#include "common/tpmwire/attest.h"
#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"

namespace {

void Same(const preseal::Bytes& marshalled, preseal::ByteView bytes) {
  if (!std::equal(marshalled.begin(), marshalled.end(), bytes.begin(), bytes.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace tpmwire = preseal::tpmwire;
  if (size == 0) return 0;
  const preseal::ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      if (const auto area = tpmwire::ParsePublic(bytes); area.ok()) {
        Same(tpmwire::MarshalPublic(*area), bytes);
        (void)tpmwire::ToPublicKey(*area);
      }
      break;
    case 1:
      if (const auto attest = tpmwire::ParseAttest(bytes); attest.ok()) {
        Same(tpmwire::MarshalAttest(*attest), bytes);
      }
      break;
    case 2:
      if (const auto signature = tpmwire::ParseSignature(bytes); signature.ok()) {
        Same(tpmwire::MarshalSignature(*signature), bytes);
      }
      break;
    default: {
      tpmwire::Reader reader(bytes);
      if (const auto selections = tpmwire::ReadPcrSelections(reader); selections.ok()) {
        Same(tpmwire::MarshalPcrSelections(*selections),
             bytes.first(bytes.size() - reader.remaining()));
      }
    }
  }
  return 0;
}
