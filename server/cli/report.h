// SPDX-License-Identifier: Apache-2.0
// What a command has to say, before it is text: for people as sections of tables, for spreadsheets
// as one flat table, for programs as JSON. Plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace preseal::server::cli {

enum class Tone { kPlain, kDim, kGood, kBusy, kWarn, kBad };

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
  bool is_state = false;  // shown with the tone's shape before it
};

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;  // each as long as `columns`
};

struct Section {
  std::string title;   // empty for none
  bool facts = false;  // two columns, label and value, without a heading row
  Table table;
  std::string when_empty;  // shown instead of a table without rows
};

struct Report {
  std::vector<Section> sections;
  Table csv;         // columns are lower_case names
  std::string json;  // one compact JSON text, names as in proto3 JSON
};

}  // namespace preseal::server::cli
