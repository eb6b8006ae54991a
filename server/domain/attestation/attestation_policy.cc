// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/attestation_policy.h"

#include <algorithm>

namespace preseal::server {

const std::vector<TrustModel>& AttestationPolicy::RequiredAt(std::string_view station) const {
  for (const LineRule& line : lines) {
    if (std::find(line.stations.begin(), line.stations.end(), station) != line.stations.end()) {
      return line.require;
    }
  }
  return require;
}

}  // namespace preseal::server
