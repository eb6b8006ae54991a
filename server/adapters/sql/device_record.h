// SPDX-License-Identifier: Apache-2.0
// Internal to server/adapters/sql: a device's columns, in the one order every statement uses.
#pragma once

#include <vector>

#include "common/sql/connection.h"
#include "server/domain/device.h"

// A literal, because a sql::Sql is made of literals.
#define PRESEAL_DEVICE_COLUMNS                                                                 \
  "device_number, serial_number, manufacturer, model, batch_id, slot, assigned_user, profile," \
  " state, state_time, create_time, failure_code, failure_item_id, failure_message,"           \
  " failure_remedy, failure_seen, failure_expected, contact, contact_time, lab, enrolled, "    \
  "attempt,"                                                                                   \
  " phase, item_name, items_done, items_total, percent, blocking_satisfied, run_start_time,"   \
  " run_end_time, last_command_id, ek_spki_sha256, certificate_sha256, seal_unconfirmed,"      \
  " seal_time, revision, refused_attempts, quarantined, sku, group_tag, attributes,"           \
  " device_name, flow, held, wait, sealed_plan_digest, deployments, allow_next, signed_in_user"
#define PRESEAL_DEVICE_TYPES "itttttttiiittttttiiiiiitiiiiiitbbiiiiittttiittitt"

namespace preseal::server {

// DataLoss if a value cannot be one of ours.
Status ReadDevice(sql::Row& row, Device* device);

// Runs a query whose columns are PRESEAL_DEVICE_COLUMNS.
StatusOr<std::vector<Device>> QueryDevices(sql::Connection& connection, const sql::Sql& sql,
                                           sql::Params params);

// INSERT of every column.
Status InsertDevice(sql::Connection& connection, const Device& device);
// UPDATE of every column but device_number and create_time. Internal: not there. AlreadyExists:
// serial number or EK belongs to another device.
Status UpdateDevice(sql::Connection& connection, const Device& device);

}  // namespace preseal::server
