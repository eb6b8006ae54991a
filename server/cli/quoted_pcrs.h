// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/bytes.h"
#include "preseal/enrollment/v1/enrollment.pb.h"

namespace preseal::server::cli {

// The PCR values of a quote in the file form that tpm2_quote writes and tpm2_checkquote reads
// without being told what is selected ("serialized" in tpm2-tools 4 to 5.7): the memory of its
// TPML_PCR_SELECTION, a 32-bit count, and that many TPML_DIGEST of up to eight values, all of fixed
// size and little-endian. Bare values are no way out: the tool loses the eighth of them.
// Values the device did not send come from its event log.
// Empty if the quote does not parse or a selected value is in neither or longer than 64 bytes.
// Pure.
Bytes QuotedPcrsForTools(const preseal::enrollment::v1::Evidence& evidence);

}  // namespace preseal::server::cli
