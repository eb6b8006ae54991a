// SPDX-License-Identifier: Apache-2.0
// Internal to server/adapters/sql: small values kept as JSON text in one column, "JSON columns" of
// docs/formats.md. Nothing is the empty text. Readers answer DataLoss for what they cannot have
// written, with the table's name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "server/domain/device.h"
#include "server/domain/progress.h"

namespace preseal::server {

using Attributes = std::map<std::string, std::string>;

std::string ToJson(const Attributes& attributes);
std::string ToJson(const std::optional<Wait>& wait);
std::string ToJson(const std::optional<Waiver>& waiver);
std::string ToJson(const std::optional<AllowNext>& allow);
std::string ToJson(const EspFacts& esp);

Status FromJson(std::string_view text, std::string_view table, Attributes* out);
Status FromJson(std::string_view text, std::string_view table, std::optional<Wait>* out);
Status FromJson(std::string_view text, std::string_view table, std::optional<Waiver>* out);
Status FromJson(std::string_view text, std::string_view table, std::optional<AllowNext>* out);
Status FromJson(std::string_view text, std::string_view table, EspFacts* out);

}  // namespace preseal::server
