// SPDX-License-Identifier: Apache-2.0
#include "server/cli/formatter.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/bytes.h"
#include "common/base/display_width.h"
#include "common/base/limits.h"

namespace preseal::server::cli {
namespace {

struct ToneMark {
  std::string_view colour;
  std::string_view shape;
  std::string_view ascii_shape;
};

ToneMark MarkOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return {"", "·", " "};
    case Tone::kDim:
      return {"\x1b[2m", "○", "."};
    case Tone::kGood:
      return {"\x1b[1;32m", "✓", "+"};
    case Tone::kBusy:
      return {"\x1b[1;36m", "▶", ">"};
    case Tone::kWarn:
      return {"\x1b[1;33m", "!", "!"};
    case Tone::kBad:
      return {"\x1b[1;31m", "✗", "X"};
  }
  return {"", " ", " "};
}

// Escaped, but no backslash doubled: a log is read back by programs, this by people.
std::string Shown(const std::string& text) {
  std::string shown = EscapeForLog(text, kEventTextBytesMax);
  for (size_t at = shown.find("\\\\"); at != shown.npos; at = shown.find("\\\\", at + 1)) {
    shown.erase(at, 1);
  }
  return shown;
}

class TableFormatter final : public Formatter {
 public:
  explicit TableFormatter(const OutputStyle& style) : style_(style) {}

  std::string Format(const Report& report) const override {
    std::string out;
    for (const Section& section : report.sections) {
      if (!out.empty()) out += "\n";
      if (!section.title.empty()) out += Painted(section.title, "\x1b[1m") + "\n";
      out += SectionText(section, /*heading=*/!section.facts);
    }
    return out;
  }

  std::string FormatNext(const Report& report, bool first) const override {
    std::string out;
    for (const Section& section : report.sections) {
      out += SectionText(section, first && !section.facts);
    }
    return out;
  }

 private:
  std::string Painted(std::string_view text, std::string_view colour) const {
    if (!style_.colour || colour.empty()) return std::string(text);
    return std::string(colour) + std::string(text) + "\x1b[0m";
  }

  std::string Text(const Cell& cell) const {
    const std::string text = Shown(cell.text);
    if (!cell.is_state) return text;
    const ToneMark mark = MarkOf(cell.tone);
    return std::string(style_.unicode ? mark.shape : mark.ascii_shape) + " " + text;
  }

  std::string SectionText(const Section& section, bool heading) const {
    if (section.table.rows.empty()) {
      return section.when_empty.empty() ? "" : section.when_empty + "\n";
    }
    std::vector<Cell> titles;
    for (const std::string& column : section.table.columns) titles.push_back({column, Tone::kDim});
    // The titles count even where they are not shown: a row that follows lines up with its heading.
    std::vector<size_t> widths(titles.size());
    const auto widen = [this, &widths](const std::vector<Cell>& row) {
      for (size_t i = 0; i < row.size(); ++i) {
        widths[i] = std::max(widths[i], DisplayWidth(Text(row[i])));
      }
    };
    widen(titles);
    for (const auto& row : section.table.rows) widen(row);
    std::string out = heading ? RowText(titles, widths) : "";
    for (const auto& row : section.table.rows) out += RowText(row, widths);
    return out;
  }

  std::string RowText(const std::vector<Cell>& row, const std::vector<size_t>& widths) const {
    // Nothing after the last cell with text: no padding to drag along when copying.
    size_t count = row.size();
    while (count > 0 && row[count - 1].text.empty()) --count;
    std::string line;
    size_t used = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) {
        line += "  ";
        used += 2;
      }
      std::string text = Text(row[i]);
      const std::string_view ellipsis = style_.unicode ? "…" : "~";
      if (style_.width > 0) text = CutWidth(text, style_.width - used, ellipsis);
      const size_t columns = DisplayWidth(text);
      line += Painted(text, MarkOf(row[i].tone).colour);
      used += columns;
      size_t padding = i + 1 < count && columns < widths[i] ? widths[i] - columns : 0;
      // Nothing of the next cell would be seen.
      if (style_.width > 0 && used + padding + 2 >= style_.width) break;
      line.append(padding, ' ');
      used += padding;
    }
    return line + "\n";
  }

  OutputStyle style_;
};

class JsonFormatter final : public Formatter {
 public:
  std::string Format(const Report& report) const override {
    const auto json = nlohmann::ordered_json::parse(report.json, nullptr, false);
    // Ours, so it parses; if it ever does not, the text itself is still the honest answer.
    if (json.is_discarded()) return report.json + "\n";
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  std::string FormatNext(const Report& report, bool /*first*/) const override {
    return report.json + "\n";
  }
};

// RFC 4180, lines ended by "\n" alone.
class CsvFormatter final : public Formatter {
 public:
  std::string Format(const Report& report) const override { return FormatNext(report, true); }

  std::string FormatNext(const Report& report, bool first) const override {
    std::string out;
    if (first) {
      for (size_t i = 0; i < report.csv.columns.size(); ++i) {
        out += (i == 0 ? "" : ",") + Field(report.csv.columns[i]);
      }
      out += "\n";
    }
    for (const auto& row : report.csv.rows) {
      for (size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : ",") + Field(row[i].text);
      out += "\n";
    }
    return out;
  }

 private:
  static std::string Field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
      if (c == '"') quoted += '"';
      quoted += c;
    }
    return quoted + "\"";
  }
};

}  // namespace

StatusOr<OutputFormat> ParseOutputFormat(std::string_view name) {
  if (name == "table") return OutputFormat::kTable;
  if (name == "json") return OutputFormat::kJson;
  if (name == "csv") return OutputFormat::kCsv;
  return InvalidArgument("output format must be table, json or csv");
}

std::unique_ptr<Formatter> MakeFormatter(OutputFormat format, const OutputStyle& style) {
  switch (format) {
    case OutputFormat::kTable:
      return std::make_unique<TableFormatter>(style);
    case OutputFormat::kJson:
      return std::make_unique<JsonFormatter>();
    case OutputFormat::kCsv:
      return std::make_unique<CsvFormatter>();
  }
  return nullptr;
}

}  // namespace preseal::server::cli
