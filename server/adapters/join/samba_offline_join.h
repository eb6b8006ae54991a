// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/status/status.h"
#include "server/service/join/join_provider.h"

namespace preseal::server {

struct SambaJoinSettings {
  std::string net_program = "net";  // of Samba 4.15 or later; with a slash, or found in PATH
  std::string smb_conf;             // empty: one is made from what stands here
  std::string domain;               // DNS name, "corp.example.com"
  std::string ou;         // "OU=Devices,DC=corp,DC=example,DC=com"; belongs to this server alone
  std::string auth_file;  // `net -A`: lines username = …, password = …; nobody else may read it
  std::string server;     // domain controller; empty: found by DNS
  std::string work_directory;  // made if missing, 0700; holds a blob while it is made
};

// Active Directory through `net offlinejoin provision`. An account of the same name is taken for
// ours, and renewed, only if it is directly in the OU: `net` itself would reset any account its
// credentials reach. The blob's bytes are in docs/formats.md "Samba join blob".
//
// Removes what a server that was cut off left in the work directory, which one process uses at a
// time.
//
// InvalidArgument: a setting is missing or has the wrong form. FailedPrecondition: the credentials
// file is missing, no regular file, or open to others.
StatusOr<std::unique_ptr<JoinProvider>> OpenSambaOfflineJoin(SambaJoinSettings settings);

}  // namespace preseal::server
