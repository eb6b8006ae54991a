// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/method_table.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <utility>

namespace preseal::server::http {

StatusOr<MethodTable> MethodTable::Make(const std::vector<std::string>& services) {
  using google::protobuf::MethodOptions;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  MethodTable table;
  for (const std::string& name : services) {
    const auto* service = pool->FindServiceByName(name);
    if (service == nullptr) return InvalidArgument(fmt::format("no service '{}'", name));
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* descriptor = service->method(i);
      Method method;
      method.path = fmt::format("/{}/{}", name, descriptor->name());
      method.input_type = descriptor->input_type()->full_name();
      method.output_type = descriptor->output_type()->full_name();
      method.client_streaming = descriptor->client_streaming();
      method.server_streaming = descriptor->server_streaming();
      method.no_side_effects =
          descriptor->options().idempotency_level() == MethodOptions::NO_SIDE_EFFECTS;
      table.methods_.emplace(method.path, std::move(method));
    }
  }
  return table;
}

const Method* MethodTable::Find(const std::string& path) const {
  const auto found = methods_.find(path);
  return found != methods_.end() ? &found->second : nullptr;
}

}  // namespace preseal::server::http
