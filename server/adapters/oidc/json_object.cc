// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/oidc/json_object.h"

#include "common/base/limits.h"

namespace preseal::server {
namespace {

// Counted before anything is built. Text that is no JSON may be counted wrongly: the parser refuses
// it.
bool NestsTooDeep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

nlohmann::json ParseJsonObject(std::string_view text) {
  if (NestsTooDeep(text)) return nullptr;
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return nullptr;
  return json;
}

std::string TextAt(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace preseal::server
