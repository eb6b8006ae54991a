// SPDX-License-Identifier: Apache-2.0
// Finding the endorsement key and its certificate. Inner part of this folder.
#pragma once

#include <memory>
#include <string_view>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/nv.h"
#include "agent/service/enrollment/tpm_port.h"

namespace preseal::agent {

// What the search may rely on.
struct EndorsementSearch {
  const Inventory& inventory;
  size_t nv_step = 0;          // bytes one NV_Read gives
  std::string_view only_kind;  // not empty: this kind alone
};

// As TpmPort::ReadEndorsementKey. A persistent EK with one certificate: NV_ReadPublic, NV_Read,
// ReadPublic. An empty handle costs one command more, and the list of EK handles if there is a
// choice.
StatusOr<EndorsementKey> FindEndorsementKey(Link& link,
                                            const std::shared_ptr<Connection>& connection,
                                            const EndorsementSearch& search);

// Cuts NV content into its DER certificates: one after the other, what follows the last (padding)
// is dropped. At most kEkChainCertificatesMax, the rest is dropped too. Pure.
std::vector<Bytes> SplitDer(ByteView content);

}  // namespace preseal::agent
