// SPDX-License-Identifier: Apache-2.0
// Who has to pass the store's conformance suite.
#include "server/adapters/sql/sqlite_store.h"
#include "tests/support/store_conformance.h"

namespace preseal::test {

std::vector<StoreKind> StoreKinds() {
  return {
      {"Sqlite",
       [](const std::string& dir, const Clock* clock) -> StatusOr<std::unique_ptr<server::Store>> {
         return server::SqliteStore::Open(dir + "/preseal.db", clock);
       }}};
}

}  // namespace preseal::test
