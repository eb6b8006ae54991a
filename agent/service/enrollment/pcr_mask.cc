// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/service/enrollment/tpm_port.h"

namespace preseal::agent {

StatusOr<tpmwire::PcrSelections> CheckPcrs(std::span<const PcrMask> pcrs) {
  if (pcrs.empty() || pcrs.size() > tpmwire::kPcrBanksMax) {
    return InvalidArgument("PCR selection must name 1 to 16 banks");
  }
  tpmwire::PcrSelections out;
  for (const PcrMask& pcr : pcrs) {
    if (pcr.mask.size() != tpmwire::kPcrMaskBytes) {
      return InvalidArgument("PCR mask must have 3 bytes");
    }
    const bool repeated =
        std::any_of(out.begin(), out.end(), [&pcr](const tpmwire::PcrSelection& earlier) {
          return earlier.hash_algorithm == pcr.hash_algorithm;
        });
    if (repeated) return InvalidArgument("PCR selection names a bank twice");
    tpmwire::PcrSelection selection;
    selection.hash_algorithm = pcr.hash_algorithm;
    std::copy(pcr.mask.begin(), pcr.mask.end(), selection.mask.begin());
    out.push_back(selection);
  }
  return out;
}

}  // namespace preseal::agent
