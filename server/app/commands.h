// SPDX-License-Identifier: Apache-2.0
// The sub-commands of preseal-server. Each returns the process's exit code: 0 done, 1 failed with
// the reason on standard error.
#pragma once

#include <string>

namespace preseal::server {

int RunInit(const std::string& config_file, const std::string& username);
int RunServer(const std::string& config_file);
int RunStation(const std::string& config_file, const std::string& name, const std::string& folder,
               int days);
int RunRenew(const std::string& config_file);
// `authority`: device, lab, station, server or seal.
int RunCaRotate(const std::string& config_file, const std::string& authority);
int RunCaRetire(const std::string& config_file, const std::string& authority, int generation);
int RunCaList(const std::string& config_file);
int RunUserAdd(const std::string& config_file, const std::string& username,
               const std::string& role);

}  // namespace preseal::server
