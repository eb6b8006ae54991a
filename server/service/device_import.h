// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

struct ImportRow {
  std::string serial_number;
  std::string manufacturer;
  std::string model;
  std::string assigned_user;
  std::string sku;
  std::string group_tag;
  std::map<std::string, std::string> attributes;  // at most kAttributesMax
};

// Values equal preseal.fleet.v1.ImportRowResult.Outcome.
enum class ImportOutcome { kCreated = 1, kUnchanged = 2, kRefused = 3 };

struct ImportRowResult {
  ImportOutcome outcome = ImportOutcome::kRefused;
  DeviceId device;      // empty when refused or only validated
  std::string code;     // JUNK_SERIAL, EMPTY_FIELD, FIELD_TOO_LONG, DUPLICATE_IN_FILE, OTHER_BATCH,
                        // CONFLICT
  std::string message;  // names the other place for duplicates
};

// Registers devices under a purchase order: all rows or none. Thread-safe; blocks on the store.
class DeviceImport {
 public:
  DeviceImport(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // One result per row, in order. If any is kRefused, or with `validate_only`, nothing is stored.
  // InvalidArgument: no rows, or more than kImportRowsMax.
  StatusOr<std::vector<ImportRowResult>> Import(const Principal& actor, const BatchId& batch,
                                                const std::vector<ImportRow>& rows,
                                                bool validate_only);

 private:
  StatusOr<ImportRowResult> ImportRowIn(Tx& tx, const BatchId& batch, const ImportRow& row,
                                        bool store_it);
  Store& store_;
  const Clock& clock_;
};

}  // namespace preseal::server
