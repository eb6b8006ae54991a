// SPDX-License-Identifier: Apache-2.0
#include "server/service/ports.h"

#include <future>

namespace preseal::server {

Status Store::WriteAndWait(Job job) {
  std::promise<Status> promise;
  Write(std::move(job), [&promise](const Status& status) { promise.set_value(status); });
  return promise.get_future().get();
}

}  // namespace preseal::server
