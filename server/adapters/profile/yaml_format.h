// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/service/profile/document_format.h"

namespace preseal::server {

// Documents as YAML, plans as preseal.plan.v1.Plan. Thread-safe.
class YamlFormat final : public DocumentFormat {
 public:
  ParsedText Parse(std::string_view file_name, std::string_view text,
                   DocumentFiles& files) const override;
  StatusOr<FrozenPlan> Encode(const EffectivePlan& plan) const override;
  StatusOr<std::vector<std::string>> Compare(ByteView before, ByteView after) const override;
};

}  // namespace preseal::server
