// SPDX-License-Identifier: Apache-2.0
// PCR selections and the digest a quote makes over PCR values (TPM 2.0 Library, Part 2,
// "TPML_PCR_SELECTION"; Part 1, "Selecting Multiple PCR"). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "common/tpmwire/algorithms.h"
#include "common/tpmwire/reader.h"

namespace preseal::tpmwire {

inline constexpr uint32_t kPcrCount = 24;
inline constexpr size_t kPcrMaskBytes = 3;  // PC Client Platform TPM Profile: 24 PCRs
inline constexpr size_t kPcrBanksMax = 16;  // HASH_COUNT

// One bank. PCR n is bit n%8 of mask[n/8]. A bank that is not allocated comes back with no bit set.
struct PcrSelection {
  uint16_t hash_algorithm = 0;  // TPM_ALG_ID; kept as sent, it may be one we do not know
  std::array<uint8_t, kPcrMaskBytes> mask{};

  bool Selects(uint32_t pcr) const {
    return pcr < kPcrCount && (mask[pcr / 8] >> (pcr % 8) & 1) != 0;
  }
  bool empty() const { return mask == std::array<uint8_t, kPcrMaskBytes>{}; }
  bool operator==(const PcrSelection&) const = default;
};
using PcrSelections = std::vector<PcrSelection>;

struct PcrValue {
  uint16_t hash_algorithm = 0;
  uint32_t index = 0;
  Bytes value;
  bool operator==(const PcrValue&) const = default;
};

// A selection of `pcrs`, each below kPcrCount; others are left out.
PcrSelection SelectPcrs(HashAlg bank, std::initializer_list<uint32_t> pcrs);

// Takes one TPML_PCR_SELECTION. InvalidArgument: more than kPcrBanksMax banks, sizeofSelect other
// than 3. Duplicate banks pass, as TPMs accept them: compare with what was asked.
StatusOr<PcrSelections> ReadPcrSelections(Reader& reader);
Bytes MarshalPcrSelections(const PcrSelections& selections);

// Hash of the selected values, in the order of `selections` and by PCR number within a bank.
// InvalidArgument unless `values` holds exactly the selected PCRs, once each, in any order, each as
// long as its bank's digest, and all selected banks are known.
StatusOr<Bytes> PcrDigest(HashAlg digest, const PcrSelections& selections,
                          const std::vector<PcrValue>& values);

// "SHA-256:0-9,14 SHA-1:none", for people.
std::string DescribeSelections(const PcrSelections& selections);

}  // namespace preseal::tpmwire
