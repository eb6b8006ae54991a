// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/query.h"

#include <algorithm>
#include <utility>

#include "common/base/bytes.h"

namespace preseal::server::http {
namespace {

StatusOr<std::string> Decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      const auto byte = FromHex(text.substr(i + 1, 2));
      if (!byte.ok() || byte->size() != 1) return InvalidArgument("query is badly encoded");
      decoded.push_back(static_cast<char>(byte->front()));
      i += 2;
    }
  }
  return decoded;
}

}  // namespace

StatusOr<Query> ParseQuery(std::string_view query) {
  Query parameters;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    ASSIGN_OR_RETURN(std::string name, Decode(pair.substr(0, equals)));
    ASSIGN_OR_RETURN(std::string value,
                     Decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view()));
    if (!parameters.emplace(std::move(name), std::move(value)).second) {
      return InvalidArgument("query names a parameter twice");
    }
  }
  return parameters;
}

}  // namespace preseal::server::http
