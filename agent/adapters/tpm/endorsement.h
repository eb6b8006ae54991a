// SPDX-License-Identifier: Apache-2.0
// Finding the endorsement key and its certificate. Inner part of this folder.
#pragma once

#include <memory>
#include <string_view>

#include "agent/adapters/tpm/connection.h"
#include "agent/service/tpm_port.h"

namespace preseal::agent {

// As TpmPort::ReadEndorsementKey; with `kind` not empty, only the one of that name.
StatusOr<EndorsementKey> FindEndorsementKey(Link& link,
                                            const std::shared_ptr<Connection>& connection,
                                            std::string_view kind);

// Cuts NV content into its DER certificates: one after the other, what follows the last (padding)
// is dropped. At most kEkChainCertificatesMax, the rest is dropped too. Pure.
std::vector<Bytes> SplitDer(ByteView content);

}  // namespace preseal::agent
