// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <string>
#include <vector>

#include "agent/adapters/steps/target_root.h"
#include "common/process/process.h"
#include "common/status/status.h"

namespace preseal::agent::steps {

// Names of domains, one a line, "#" for remarks: whoever signs in there has the account that his
// name before the "@" names.
inline constexpr char kAccountDomainsPath[] = "/etc/preseal/account-domains";

// The account a command of the user runs as.
struct UserAccount {
  process::Account account;
  std::string name;  // USER, LOGNAME
  std::string home;  // HOME and the working directory, on this system
};

// The account of `user`, who signed in: the one of exactly that name, else, if the domain after the
// only "@" stands in kAccountDomainsPath (without regard to the case of ASCII letters), the one of
// the name before it; no other guess is made, because another's account is worse than none. Asked
// is this system (NSS) where the target is "/", otherwise the target's etc/passwd and etc/group.
// Each error's text is for people and says what to do. FailedPrecondition: nobody has signed in.
// NotFound: no such account, or its home does not exist. PermissionDenied: the account is the
// system's own (below 1000, Debian Policy 9.2.2, or nobody's). Thread-safe; blocks as long as the
// system's sources of accounts do.
StatusOr<UserAccount> FindUserAccount(const TargetRoot& target, const std::string& user);

// MinimalEnvironment's place of the caller is taken by the account's: HOME, USER, LOGNAME.
std::vector<std::string> InEnvironmentOf(const UserAccount& user,
                                         std::vector<std::string> environment);

}  // namespace preseal::agent::steps
