// SPDX-License-Identifier: Apache-2.0
// JSON objects out of an answer; for this folder's .cc files only. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace preseal::server {

// Null unless `text` is one JSON object that nests at most kJsonDepthMax deep: printing and copying
// a value recurse, so that a deeper one would end the server.
nlohmann::json ParseJsonObject(std::string_view text);

// The text `name` of an object (or of null); empty if it is missing or no text.
std::string TextAt(const nlohmann::json& object, const char* name);

}  // namespace preseal::server
