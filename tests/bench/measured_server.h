// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/process/process.h"
#include "common/status/status.h"
#include "tests/bench/site.h"

namespace preseal::bench {

struct Usage {
  double cpu_seconds = 0;  // user and system, all threads; the kernel counts in 10 ms
  uint64_t resident_bytes = 0;
};

// A server in a process of its own, so that its processor time and memory are its alone.
class MeasuredServer {
 public:
  // preseal-server, from the folder this program lies in.
  static StatusOr<std::unique_ptr<MeasuredServer>> StartPreseal(const Site& site);
  // bench-echo with the site's own TLS material.
  static StatusOr<std::unique_ptr<MeasuredServer>> StartEcho(const Site& site);

  std::string device_endpoint() const;
  std::string enrollment_endpoint() const;
  StatusOr<Usage> Read() const;

 private:
  static StatusOr<std::unique_ptr<MeasuredServer>> Launch(std::vector<std::string> argv,
                                                          const std::string& ports_file,
                                                          const std::string& log_file);
  MeasuredServer() = default;

  std::unique_ptr<process::Child> child_;
  int device_port_ = 0;
  int enrollment_port_ = 0;
};

}  // namespace preseal::bench
