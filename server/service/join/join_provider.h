// SPDX-License-Identifier: Apache-2.0
// THE plug-in point for directories: whatever makes a device a member of one without the device
// seeing the directory implements JoinProvider. docs/hybrid-join.md says how to add one.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/status/status.h"

namespace preseal::server {

struct JoinRequest {
  std::string computer_name;  // IsComputerName
  std::string device_id;      // "D-1042", for messages and logs
};

struct JoinBlob {
  std::string provider;  // who made it, so that the device's half knows how to use it
  std::string domain;    // DNS name
  Secret blob;           // at most kJoinBlobBytesMax; whoever holds it is the computer
};

// Makes computer accounts. Thread-safe.
class JoinProvider {
 public:
  virtual ~JoinProvider() = default;
  // DNS name of the domain it joins to.
  virtual const std::string& domain() const = 0;
  // Creates the account `request.computer_name`, or renews the one this provider made before (its
  // older blobs are void then), and answers what the device needs to use it. Blocks for at most
  // kJoinProvisionWithin.
  //   InvalidArgument     the computer name
  //   FailedPrecondition  a person must act: the account of that name is not ours, rights or the
  //                       container are missing, the credentials are refused; says which
  //   Unavailable         the directory cannot be reached, or `stop`: retry
  //   Internal            anything else
  virtual StatusOr<JoinBlob> Provision(const JoinRequest& request, std::stop_token stop) = 0;
};

// What a frozen plan says about one of its items.
struct JoinItem {
  std::string domain;         // of the offline-join step; empty: whatever the provider joins to
  std::string computer_name;  // the device's allocated name; empty: none
};

// Reads frozen plans. Thread-safe.
class JoinPlans {
 public:
  virtual ~JoinPlans() = default;
  // The offline-join item `item_id` of `plan` (serialized preseal.plan.v1.Plan), nothing if there
  // is no such item or it is of another kind. DataLoss: not a plan.
  virtual StatusOr<std::optional<JoinItem>> Find(ByteView plan, std::string_view item_id) const = 0;
};

// Whether every directory takes it: 1..kDeviceNameCharsMax letters, digits and hyphens, no hyphen
// at either end, not only digits (RFC 1123 "2.1 Host Names and Numbers", and NetBIOS for the
// length).
bool IsComputerName(std::string_view name);

}  // namespace preseal::server
