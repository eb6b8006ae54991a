// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string_view>

#include "common/status/status.h"

namespace preseal::bench {

struct Options {
  // --smoke: the smallest sizes for a moment, to see that everything still runs. Its numbers mean
  // nothing.
  bool smoke = false;
  std::chrono::milliseconds time{3000};  // per measured point
};

// The main of every benchmark of ours.
inline int Main(int argc, char** argv, Status (*run)(const Options&)) {
  Options options;
  if (argc == 2 && std::string_view(argv[1]) == "--smoke") {
    options = {.smoke = true, .time = std::chrono::milliseconds(100)};
  } else if (argc != 1) {
    fmt::print(stderr, "usage: {} [--smoke]\n", argv[0]);
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const Status status = run(options);
  if (status.ok()) return 0;
  fmt::print(stderr, "{}: {}\n", argv[0], ToString(status));
  return 1;
}

}  // namespace preseal::bench
