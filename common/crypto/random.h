// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::crypto {

// `count` bytes (at most 1 MiB, else InvalidArgument) from OpenSSL's private generator, fit for
// keys, nonces and tokens. Thread-safe. INTERNAL if the generator fails: never carry on without.
StatusOr<Bytes> RandomBytes(size_t count);

}  // namespace preseal::crypto
