// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// DeviceStore on one connection; the caller owns the transaction. Not thread-safe.
class DeviceRows final : public DeviceStore {
 public:
  explicit DeviceRows(sql::Connection* connection) : connection_(*connection) {}

  StatusOr<Device> Get(const DeviceId& id) override;
  StatusOr<Device> FindBySerial(std::string_view serial) override;
  StatusOr<Device> FindByEk(ByteView ek_spki_sha256) override;
  Status Insert(Device* device) override;
  Status Put(Device* device) override;
  StatusOr<std::vector<Device>> List(const DeviceFilter& filter, std::optional<DeviceId> after,
                                     int limit) override;
  StatusOr<std::vector<Device>> ChangedSince(uint64_t cursor, const DeviceFilter& filter,
                                             int limit) override;
  StatusOr<std::vector<Device>> WithContact(ContactState contact,
                                            const std::vector<DeviceState>& states) override;
  StatusOr<std::vector<DeviceMark>> Marks(const DeviceId& id) override;

  // The newest revision given out since the last call; 0 for none.
  uint64_t TakeRevision() { return std::exchange(revision_, 0); }

 private:
  StatusOr<uint64_t> NextRevision();
  StatusOr<std::vector<Device>> ListInState(const DeviceFilter& filter, DeviceState state,
                                            uint64_t after, int limit);

  sql::Connection& connection_;
  uint64_t revision_ = 0;
};

}  // namespace preseal::server
