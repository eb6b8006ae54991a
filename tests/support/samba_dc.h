// SPDX-License-Identifier: Apache-2.0
// A real Active Directory domain controller (Debian's samba) in a network and a mount namespace of
// this process: nothing of it is seen outside, and nothing of this machine's Samba is touched.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/process/process.h"
#include "common/status/status.h"

namespace preseal::test {

// FLOOR.TEST at 10.53.57.1, with its own DNS, an OU for devices and an account that may only make
// and renew computers in there. Not thread-safe.
class SambaDc {
 public:
  static constexpr const char* kAddress = "10.53.57.1";
  static constexpr const char* kDomain = "floor.test";
  static constexpr const char* kWorkgroup = "FLOOR";
  static constexpr const char* kOu = "OU=Factory,DC=floor,DC=test";
  static constexpr const char* kOtherOu = "OU=Office,DC=floor,DC=test";  // the account may nothing

  // Moves the calling thread, and what it starts from now on, to the namespaces; makes the domain
  // in `directory` (about ten seconds) and starts it. FailedPrecondition: this machine cannot (no
  // root, no namespaces, no samba): the test is to be skipped, loudly.
  static StatusOr<std::unique_ptr<SambaDc>> Make(const std::string& directory);

  // A file for `net -A` with the account of kOu, or the domain's administrator.
  std::string AuthFile() const { return directory_ + "/join.auth"; }
  std::string AdministratorAuthFile() const { return directory_ + "/administrator.auth"; }

  // Serving again after Stop; returns when it answers.
  Status Start();
  // No line of sight to it from now on.
  void Stop() { samba_.reset(); }

  // Output of samba-tool on the domain's database, whether or not it serves. FailedPrecondition
  // with what it said if it fails.
  StatusOr<std::string> Tool(std::vector<std::string> arguments) const;
  // LDIF of the computer account, NotFound if there is none.
  StatusOr<std::string> Computer(const std::string& name) const;

 private:
  explicit SambaDc(std::string directory) : directory_(std::move(directory)) {}
  Status Provision();
  Status Furnish();
  Status GrantJoinAccount();
  bool Answers() const;

  const std::string directory_;
  std::unique_ptr<process::Child> samba_;
};

}  // namespace preseal::test
