// SPDX-License-Identifier: Apache-2.0
// Between ESYS structures and marshalled bytes. Inner part of this folder.
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "common/tpmwire/pcr.h"
#include "common/tpmwire/public_area.h"

namespace preseal::agent {

// INVALID_ARGUMENT if it has no place in ESYS's fixed buffers.
StatusOr<TPM2B_PUBLIC> ToTss(const tpmwire::PublicArea& area);
// TPMT_PUBLIC, TPMT_SIGNATURE.
StatusOr<Bytes> Marshal(const TPMT_PUBLIC& area);
StatusOr<Bytes> Marshal(const TPMT_SIGNATURE& signature);
// INVALID_ARGUMENT for more than kPcrBanksMax banks.
StatusOr<TPML_PCR_SELECTION> ToTss(const tpmwire::PcrSelections& pcrs);

// Any TPM2B with `size` and one byte array. INVALID_ARGUMENT if `bytes` does not fit.
template <typename Sized, typename Array>
Status FillSized(Sized* sized, Array Sized::*array, ByteView bytes) {
  if (bytes.size() > sizeof(sized->*array)) return InvalidArgument("value too long for the TPM");
  sized->size = static_cast<uint16_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), sized->*array);
  return OkStatus();
}

// Reads exactly one TPM2B: 2-byte length, then that many bytes and no more.
StatusOr<ByteView> UnwrapSized(ByteView bytes);

}  // namespace preseal::agent
