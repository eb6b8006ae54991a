// SPDX-License-Identifier: Apache-2.0
// diagnostics, diagnose.
#pragma once

#include <string>

#include "server/cli/cli.h"

namespace preseal::server::cli {

struct DiagnosticsOptions {
  std::string device;  // serial number or device id
  std::string bundle;  // "B-…"; empty: the newest
  bool collect = false;
  bool list = false;
  std::string read;  // path of a file in the bundle
  std::string save;  // file to write the bundle to
};
// Without --collect, --list, --read and --save: the bundles, newest first.
StatusOr<ExitCode> Diagnostics(const Cli& cli, const DiagnosticsOptions& options);

// kNo: some cause is seen. kOk: none.
StatusOr<ExitCode> DiagnoseDevice(const Cli& cli, const std::string& device);

}  // namespace preseal::server::cli
