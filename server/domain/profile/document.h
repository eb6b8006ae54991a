// SPDX-License-Identifier: Apache-2.0
// What all documents of docs/profiles.md have in common. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace preseal::server {

// Values are stored; never renumber.
enum class DocumentKind { kDeploymentProfile = 1, kGroup = 2, kItem = 3, kAssignment = 4 };

// "DeploymentProfile" and so on, as written after `kind:`.
std::string_view NameOf(DocumentKind kind);
// "deployment-profile" and so on, as in documents/deployment-profile/office.
std::string_view PathOf(DocumentKind kind);

// Where something stands, for people. Line and column count from 1; 0: not known.
struct Place {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;

  bool operator==(const Place&) const = default;
};

// Another document or item, by its id, and where it is named.
struct Mention {
  std::string id;
  Place place;
};

struct Mistake {
  Place place;
  std::string message;  // lower case, no full stop
};

}  // namespace preseal::server
