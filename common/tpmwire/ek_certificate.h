// SPDX-License-Identifier: Apache-2.0
// An EK certificate as it lies in a TPM's NV memory. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::tpmwire {

// The certificate inside NV content, and what was around it. `der` borrows from the input.
struct NvCertificate {
  ByteView der;
  bool had_tcg_header = false;  // TPM 1.2 habit: 10 01 00 LLLL 10 02
  size_t padding_bytes = 0;
  uint8_t padding_value = 0;  // 0xFF and 0x00 are usual
};

// Finds the one DER certificate: the outer SEQUENCE's length decides where it ends, so that what is
// hashed and verified is what the vendor signed. After it only one byte value may repeat: anything
// else could hide a second certificate.
// InvalidArgument: empty, over kEkCertificateBytesMax, all padding, truncated, PEM, indefinite
// length, mixed bytes after the end, a TCG header whose length does not fit.
// Does NOT parse the certificate.
StatusOr<NvCertificate> UnwrapNvCertificate(ByteView nv_content);

}  // namespace preseal::tpmwire
