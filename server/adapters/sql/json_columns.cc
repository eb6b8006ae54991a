// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/json_columns.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace preseal::server {
namespace {

using nlohmann::json;

// Texts come from devices and people and may be no UTF-8.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Status Damaged(std::string_view table) {
  return DataLoss(
      fmt::format("table {} is damaged: a JSON column cannot be read: restore a backup", table));
}

// Runs `read` on the parsed object; nlohmann throws on a wrong type, which ends here.
template <typename Read>
Status Parse(std::string_view text, std::string_view table, Read read) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return Damaged(table);
  try {
    read(value);
  } catch (const json::exception&) {
    return Damaged(table);
  }
  return OkStatus();
}

WallTime TimeAt(const json& value, const char* key) {
  return FromMicros(value.at(key).get<int64_t>());
}

bool IsKnown(Wait::Kind kind) { return kind >= Wait::Kind::kToken && kind <= Wait::Kind::kDevice; }

}  // namespace

std::string ToJson(const Attributes& attributes) {
  if (attributes.empty()) return {};
  return Dump(json(attributes));
}

std::string ToJson(const std::optional<Wait>& wait) {
  if (!wait) return {};
  return Dump({{"kind", static_cast<int>(wait->kind)},
               {"owner", wait->owner},
               {"start", ToMicros(wait->start_time)},
               {"limit_ms", wait->limit.count()},
               {"place", wait->place}});
}

std::string ToJson(const std::optional<Waiver>& waiver) {
  if (!waiver) return {};
  return Dump(
      {{"actor", waiver->actor}, {"reason", waiver->reason}, {"time", ToMicros(waiver->time)}});
}

std::string ToJson(const std::optional<AllowNext>& allow) {
  if (!allow) return {};
  return Dump({{"actor", allow->actor},
               {"reason", allow->reason},
               {"expire", ToMicros(allow->expire_time)}});
}

std::string ToJson(const EspFacts& esp) {
  return Dump({{"allow_reset", esp.allow_reset},
               {"allow_use_on_error", esp.allow_use_on_error},
               {"block_use", esp.block_use},
               {"block_retry", esp.block_retry},
               {"allow_log_collection", esp.allow_log_collection},
               {"show_progress", esp.show_progress},
               {"error_message", esp.error_message}});
}

Status FromJson(std::string_view text, std::string_view table, Attributes* out) {
  out->clear();
  if (text.empty()) return OkStatus();
  return Parse(text, table, [out](const json& value) { *out = value.get<Attributes>(); });
}

Status FromJson(std::string_view text, std::string_view table, std::optional<Wait>* out) {
  out->reset();
  if (text.empty()) return OkStatus();
  RETURN_IF_ERROR(Parse(text, table, [out](const json& value) {
    *out = Wait{.kind = static_cast<Wait::Kind>(value.at("kind").get<int>()),
                .owner = value.at("owner").get<std::string>(),
                .start_time = TimeAt(value, "start"),
                .limit = std::chrono::milliseconds(value.at("limit_ms").get<int64_t>()),
                .place = value.at("place").get<uint32_t>()};
  }));
  return IsKnown((*out)->kind) ? OkStatus() : Damaged(table);
}

Status FromJson(std::string_view text, std::string_view table, std::optional<Waiver>* out) {
  out->reset();
  if (text.empty()) return OkStatus();
  return Parse(text, table, [out](const json& value) {
    *out = Waiver{value.at("actor").get<std::string>(), value.at("reason").get<std::string>(),
                  TimeAt(value, "time")};
  });
}

Status FromJson(std::string_view text, std::string_view table, std::optional<AllowNext>* out) {
  out->reset();
  if (text.empty()) return OkStatus();
  return Parse(text, table, [out](const json& value) {
    *out = AllowNext{value.at("actor").get<std::string>(), value.at("reason").get<std::string>(),
                     TimeAt(value, "expire")};
  });
}

Status FromJson(std::string_view text, std::string_view table, EspFacts* out) {
  *out = {};
  if (text.empty()) return OkStatus();
  return Parse(text, table, [out](const json& value) {
    out->allow_reset = value.at("allow_reset").get<bool>();
    out->allow_use_on_error = value.at("allow_use_on_error").get<bool>();
    out->block_use = value.at("block_use").get<bool>();
    out->block_retry = value.at("block_retry").get<bool>();
    out->allow_log_collection = value.at("allow_log_collection").get<bool>();
    out->show_progress = value.at("show_progress").get<bool>();
    out->error_message = value.at("error_message").get<std::string>();
  });
}

}  // namespace preseal::server
