// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/tx_rows.h"

#include <exception>

namespace preseal::server {

Status TxRows::Run(const Store::Job& job) {
  try {
    return job(tx_);
  } catch (const std::exception& error) {
    return WithContext(Internal(error.what()), "job threw");
  } catch (...) {
    return Internal("job threw");
  }
}

}  // namespace preseal::server
