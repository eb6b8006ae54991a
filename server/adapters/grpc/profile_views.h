// SPDX-License-Identifier: Apache-2.0
// Documents and plans to messages and back.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "preseal/profile/v1/profile.pb.h"
#include "server/service/profile/document_desk.h"
#include "server/service/profile/document_format.h"

namespace preseal::server {

// InvalidArgument: too many or too large documents, a file without a digest.
StatusOr<ApplyInput> ToDomain(const profile::v1::ApplyRequest& request);
void ToProto(const ApplyAnswer& answer, const profile::v1::ApplyRequest& request,
             profile::v1::ApplyResponse* out);

// Text if `document` has it.
void ToProto(const StoredDocument& document, profile::v1::Document* out);
// "documents/group/sales". InvalidArgument.
StatusOr<std::pair<DocumentKind, std::string>> ParseDocumentName(std::string_view name);
// "Group". InvalidArgument.
StatusOr<DocumentKind> ParseDocumentKind(std::string_view name);

// `frozen`: the same plan, encoded; contents of files and scripts are left out of it.
Status ToProto(const EffectivePlan& plan, const FrozenPlan& frozen,
               profile::v1::EffectivePlan* out);

}  // namespace preseal::server
