// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/preparation.h"

#include <algorithm>
#include <array>

namespace preseal::server {
namespace {

constexpr uint32_t kPreparationAttempt = 0;

struct Row {
  const char* id;
  const char* name;
  Category category;
};
constexpr std::array<Row, 3> kRows = {{
    {"secure-hardware", "Secure your hardware", Category::kHardware},
    {"join-organisation", "Join your organisation", Category::kJoin},
    {"register-management", "Register for management", Category::kManagement},
}};

std::vector<Item> FreshItems() {
  std::vector<Item> items;
  for (const Row& row : kRows) {
    items.push_back({.item_id = *ItemId::Parse(row.id),
                     .display_name = row.name,
                     .phase = Phase::kDevicePreparation,
                     .category = row.category});
  }
  return items;
}

Status PutAll(Tx& tx, const std::vector<Item>& items, Device* device) {
  for (const Item& item : items) {
    RETURN_IF_ERROR(tx.runs.PutItem(device->id, kPreparationAttempt, item));
  }
  if (device->attempt == 0) SetProgress(items, device);
  return OkStatus();
}

}  // namespace

Status MarkPreparation(Tx& tx, PreparationItem which, ItemState state,
                       const PreparationFault& fault, WallTime now, Device* device) {
  ASSIGN_OR_RETURN(auto items, tx.runs.Items(device->id, kPreparationAttempt));
  if (items.size() != kRows.size()) items = FreshItems();
  Item& item = items[static_cast<size_t>(which)];
  ApplyChange(
      {.item_id = item.item_id, .state = state, .code = fault.code, .message = fault.message}, now,
      &item);
  return PutAll(tx, items, device);
}

Status ResetPreparation(Tx& tx, Device* device) { return PutAll(tx, FreshItems(), device); }

}  // namespace preseal::server
