// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/status/status.h"

namespace preseal::server::http {

struct Method {
  std::string path;        // /preseal.fleet.v1.FleetService/GetDevice
  std::string input_type;  // full message names
  std::string output_type;
  bool client_streaming = false;
  bool server_streaming = false;
  bool no_side_effects = false;  // may be called by GET
};

// The methods that may be called from the web, read from the descriptors linked into the process.
// Immutable, hence thread-safe.
class MethodTable {
 public:
  // Only the named services are reachable; every other one linked in (device, enrolment) is not.
  // INVALID_ARGUMENT naming a service whose descriptor is not linked in.
  static StatusOr<MethodTable> Make(const std::vector<std::string>& services);

  // Null if there is no such method.
  const Method* Find(const std::string& path) const;

 private:
  std::map<std::string, Method> methods_;
};

}  // namespace preseal::server::http
