// SPDX-License-Identifier: Apache-2.0
// What a verified quote says about one bank. Pure.
#pragma once

#include <cstdint>
#include <map>

#include "common/base/bytes.h"

namespace preseal::server {

struct QuotedBank {
  uint16_t algorithm = 0;  // TPM_ALG_ID
  // False: the TPM zeroed the bank's mask, and signed that: it is not allocated.
  bool allocated = true;
  std::map<uint32_t, Bytes> values;  // of the PCRs the selection covers
};

}  // namespace preseal::server
