// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/wire.h"

#include <tss2/tss2_mu.h>

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

template <typename T, typename MarshalFunction>
StatusOr<Bytes> MarshalWith(MarshalFunction function, const T& value) {
  Bytes out(kTpmStructureBytesMax);
  size_t offset = 0;
  if (function(&value, out.data(), out.size(), &offset) != TSS2_RC_SUCCESS) {
    return Internal("cannot marshal a structure the TPM made");
  }
  out.resize(offset);
  return out;
}

}  // namespace

StatusOr<TPM2B_PUBLIC> ToTss(const tpmwire::PublicArea& area) {
  const Bytes bytes = tpmwire::MarshalPublic(area);
  TPM2B_PUBLIC out{};
  size_t offset = 0;
  const TSS2_RC rc =
      Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes.data(), bytes.size(), &offset, &out.publicArea);
  if (rc != TSS2_RC_SUCCESS || offset != bytes.size()) {
    return InvalidArgument("key template does not fit the TPM library");
  }
  return out;
}

StatusOr<Bytes> Marshal(const TPMT_PUBLIC& area) {
  return MarshalWith(Tss2_MU_TPMT_PUBLIC_Marshal, area);
}

StatusOr<Bytes> Marshal(const TPMT_SIGNATURE& signature) {
  return MarshalWith(Tss2_MU_TPMT_SIGNATURE_Marshal, signature);
}

StatusOr<TPML_PCR_SELECTION> ToTss(const tpmwire::PcrSelections& pcrs) {
  if (pcrs.size() > tpmwire::kPcrBanksMax) return InvalidArgument("too many PCR banks");
  TPML_PCR_SELECTION out{};
  for (const tpmwire::PcrSelection& pcr : pcrs) {
    TPMS_PCR_SELECTION& selection = out.pcrSelections[out.count++];
    selection.hash = pcr.hash_algorithm;
    selection.sizeofSelect = tpmwire::kPcrMaskBytes;
    std::copy(pcr.mask.begin(), pcr.mask.end(), selection.pcrSelect);
  }
  return out;
}

StatusOr<ByteView> UnwrapSized(ByteView bytes) {
  if (bytes.size() < 2 || bytes.size() - 2 != static_cast<size_t>(bytes[0] << 8 | bytes[1])) {
    return InvalidArgument("length of a TPM2B does not match its content");
  }
  return bytes.subspan(2);
}

}  // namespace preseal::agent
