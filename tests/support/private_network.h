// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/status/status.h"

namespace preseal::test {

// Gives the calling thread, and what it starts from now on, a network of its own with nothing but
// loopback, which also has the IPv4 address `address`; a /run of its own; and a resolver that asks
// `address`. `directory` holds the files that stand in for those in /etc. FailedPrecondition: not
// root, or the machine forbids it.
Status EnterPrivateNetwork(const std::string& directory, const std::string& address);

}  // namespace preseal::test
