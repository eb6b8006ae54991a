// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/yaml_format.h"

#include "server/adapters/profile/document_reader.h"
#include "server/adapters/profile/plan_encoder.h"

namespace preseal::server {

ParsedText YamlFormat::Parse(std::string_view file_name, std::string_view text,
                             DocumentFiles& files) const {
  return ReadDocuments(file_name, text, files);
}

StatusOr<FrozenPlan> YamlFormat::Encode(const EffectivePlan& plan) const {
  return EncodePlan(plan);
}

StatusOr<std::vector<std::string>> YamlFormat::Compare(ByteView before, ByteView after) const {
  return ComparePlans(before, after);
}

}  // namespace preseal::server
