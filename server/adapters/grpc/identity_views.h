// SPDX-License-Identifier: Apache-2.0
// Identities, order codes and golden sets as messages of the API.
#pragma once

#include "preseal/identity/v1/identity.pb.h"
#include "server/service/identity/identity_office.h"

namespace preseal::server {

void ToProto(const IdentityView& view, identity::v1::Identity* out);
void ToProto(const ListedEk& ek, identity::v1::ListedEk* out);
void ToProto(const OrderCode& code, identity::v1::OrderCode* out);
// Without the values and the variant's number.
void ToProto(const GoldenRow& row, identity::v1::GoldenSet* out);
void ValuesToProto(const GoldenRow& row, identity::v1::GoldenSet* out);

// "goldenSets/G-12" or "orderCodes/QK7F2"; InvalidArgument.
StatusOr<uint64_t> ParseGoldenName(std::string_view name);
StatusOr<std::string> ParseOrderCodeName(std::string_view name);

}  // namespace preseal::server
