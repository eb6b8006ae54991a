// SPDX-License-Identifier: Apache-2.0
// Internal to server/domain/assignment: whom an assignment is for. Pure.
#pragma once

#include <optional>
#include <string>

#include "server/domain/assignment/resolve.h"

namespace preseal::server {

// Why an assignment reaches a device, or why it must not.
struct TargetMatch {
  std::string reason;  // "group sales (model == \"X\")"
  bool by_user = false;
};

// Device targets are looked for before users. Nothing: the device is none of its targets.
std::optional<TargetMatch> TargetOf(const Assignment& assignment, const Library& library,
                                    const PlanSubject& subject);
// Which of its exclusions the device falls under, likewise.
std::optional<TargetMatch> ExclusionOf(const Assignment& assignment, const Library& library,
                                       const PlanSubject& subject);

}  // namespace preseal::server
