// SPDX-License-Identifier: Apache-2.0
#include "server/domain/profile/document.h"

namespace preseal::server {

std::string_view NameOf(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kDeploymentProfile:
      return "DeploymentProfile";
    case DocumentKind::kGroup:
      return "Group";
    case DocumentKind::kItem:
      return "Item";
    case DocumentKind::kAssignment:
      return "Assignment";
  }
  return "";
}

std::string_view PathOf(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kDeploymentProfile:
      return "deployment-profile";
    case DocumentKind::kGroup:
      return "group";
    case DocumentKind::kItem:
      return "item";
    case DocumentKind::kAssignment:
      return "assignment";
  }
  return "";
}

}  // namespace preseal::server
