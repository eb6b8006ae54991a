// SPDX-License-Identifier: Apache-2.0
// Identities, lists of endorsement keys, order codes and golden sets as reports. Pure.
#pragma once

#include "preseal/identity/v1/identity.pb.h"
#include "server/cli/views.h"

namespace preseal::server::cli {

namespace identity_v1 = ::preseal::identity::v1;

Report IdentityReport(const identity_v1::Identity& identity);
Report EkImportReport(const identity_v1::ImportListedEksResponse& response);
Report EkListReport(const identity_v1::ListListedEksResponse& response);
Report OrderCodesReport(const identity_v1::ListOrderCodesResponse& response);
Report GoldenSetsReport(const identity_v1::ListGoldenSetsResponse& response);
// One set with its values.
Report GoldenSetReport(const identity_v1::GoldenSet& set);

}  // namespace preseal::server::cli
