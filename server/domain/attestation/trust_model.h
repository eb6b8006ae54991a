// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace preseal::server {

// Why a TPM is believed to be genuine. Several may hold at once; all that do go into the
// certificate. Values are stored; never renumber.
enum class TrustModel : uint8_t {
  kEkPub = 1,   // the hash of its endorsement key is on the order's list
  kEkCert = 2,  // its endorsement certificate leads to a maker's root
  kToken = 3,   // a one-time order code, and a person who vouched by name
};

// "ekpub", "ekcert", "token": in policies, evidence and the API.
constexpr std::string_view NameOf(TrustModel model) {
  switch (model) {
    case TrustModel::kEkPub:
      return "ekpub";
    case TrustModel::kEkCert:
      return "ekcert";
    case TrustModel::kToken:
      return "token";
  }
  return "";
}

}  // namespace preseal::server
