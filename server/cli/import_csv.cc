// SPDX-License-Identifier: Apache-2.0
#include "server/cli/import_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "server/cli/csv_records.h"
#include "server/cli/windows_identity.h"

namespace preseal::server::cli {
namespace {

enum class Field {
  kSerial,
  kManufacturer,
  kModel,
  kUser,
  kSku,
  kGroupTag,
  kProductId,
  kHardwareHash,
};
constexpr size_t kFields = 8;
constexpr std::string_view kAttributePrefix = "attr:";

enum class Need { kNone, kAlways, kUnlessWindows };  // the last: or a product id, or a hash

struct FieldRule {
  std::string_view name;  // as we call it to people
  Need need;
  size_t bytes_max;
  std::string ImportLine::*member;
};

const FieldRule& RuleOf(Field field) {
  static constexpr FieldRule kRules[kFields] = {
      {"serial", Need::kAlways, kSerialBytesMax, &ImportLine::serial_number},
      {"manufacturer", Need::kUnlessWindows, kNameBytesMax, &ImportLine::manufacturer},
      {"model", Need::kUnlessWindows, kNameBytesMax, &ImportLine::model},
      {"assigned_user", Need::kNone, kNameBytesMax, &ImportLine::assigned_user},
      {"sku", Need::kNone, kNameBytesMax, &ImportLine::sku},
      {"group_tag", Need::kNone, kNameBytesMax, &ImportLine::group_tag},
      {"product id", Need::kNone, kNameBytesMax, &ImportLine::product_id},
      {"hardware hash", Need::kNone, 2 * kHardwareHashBytesMax, &ImportLine::hardware_hash}};
  return kRules[static_cast<size_t>(field)];
}

struct Alias {
  std::string_view heading;  // letters and digits only, lower case
  Field field;
};
// What manufacturers, resellers and Autopilot's own export write.
constexpr Alias kAliases[] = {
    {"serial", Field::kSerial},
    {"serialnumber", Field::kSerial},
    {"deviceserialnumber", Field::kSerial},
    {"deviceserial", Field::kSerial},
    {"sn", Field::kSerial},
    {"serialno", Field::kSerial},
    {"servicetag", Field::kSerial},
    {"manufacturer", Field::kManufacturer},
    {"manufacturername", Field::kManufacturer},
    {"devicemanufacturer", Field::kManufacturer},
    {"oemmanufacturername", Field::kManufacturer},
    {"vendor", Field::kManufacturer},
    {"make", Field::kManufacturer},
    {"model", Field::kModel},
    {"modelname", Field::kModel},
    {"devicemodel", Field::kModel},
    {"product", Field::kModel},
    {"productname", Field::kModel},
    {"assigneduser", Field::kUser},
    {"assigneduserprincipalname", Field::kUser},
    {"user", Field::kUser},
    {"username", Field::kUser},
    {"upn", Field::kUser},
    {"userprincipalname", Field::kUser},
    {"sku", Field::kSku},
    {"skunumber", Field::kSku},
    {"productsku", Field::kSku},
    {"grouptag", Field::kGroupTag},
    {"orderid", Field::kGroupTag},
    {"windowsproductid", Field::kProductId},
    {"productkey", Field::kProductId},
    {"productkeyid", Field::kProductId},
    {"pkid", Field::kProductId},
    {"hardwarehash", Field::kHardwareHash},
    {"devicehardwaredata", Field::kHardwareHash},
};

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

std::optional<Field> FieldOf(std::string_view heading) {
  std::string key;
  for (const char c : heading) {
    if (c >= 'A' && c <= 'Z') key += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) key += c;
  }
  for (const Alias& alias : kAliases) {
    if (alias.heading == key) return alias.field;
  }
  return std::nullopt;
}

// The separator that occurs most often in the first line; a comma unless another clearly wins.
char SeparatorOf(std::string_view text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  char best = ',';
  for (const char candidate : {';', '\t'}) {
    if (std::count(line.begin(), line.end(), candidate) >
        std::count(line.begin(), line.end(), best)) {
      best = candidate;
    }
  }
  return best;
}

// Valid UTF-8 without control characters, line breaks or direction overrides.
bool IsPrintable(std::string_view text) {
  std::string plain(text);
  plain.erase(std::remove(plain.begin(), plain.end(), '\\'), plain.end());
  return EscapeForLog(plain, plain.size()) == plain;
}

struct Heading {
  std::array<std::optional<size_t>, kFields> column_of;
  std::map<std::string, size_t> attributes;  // column of each key
  size_t columns = 0;
};

// The key of an "attr:KEY" heading; nothing if it is none.
StatusOr<std::optional<std::string>> AttributeKeyOf(std::string_view heading, size_t row) {
  const std::string text = Trimmed(heading);
  if (!text.starts_with(kAttributePrefix)) return std::optional<std::string>();
  const std::string key = text.substr(kAttributePrefix.size());
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
  if (key.empty() || key.size() > kAttributeKeyBytesMax || !plain) {
    return InvalidArgument(
        fmt::format("row {}: \"{}\": a key has 1 to {} letters, digits, dots, dashes, underscores",
                    row, EscapeForLog(text, kNameBytesMax), kAttributeKeyBytesMax));
  }
  return std::optional(key);
}

// Whether the column was an attribute's.
StatusOr<bool> TakeAttribute(const CsvRecord& record, size_t column, Heading* heading) {
  ASSIGN_OR_RETURN(const auto key, AttributeKeyOf(record.fields[column], record.row));
  if (!key) return false;
  if (!heading->attributes.emplace(*key, column).second) {
    return InvalidArgument(fmt::format("row {}: two columns \"attr:{}\"", record.row, *key));
  }
  if (heading->attributes.size() > kAttributesMax) {
    return InvalidArgument(
        fmt::format("row {}: more than {} attributes", record.row, kAttributesMax));
  }
  return true;
}

StatusOr<Heading> ReadHeading(const CsvRecord& record, std::vector<std::string>* ignored) {
  if (!record.problem.empty()) {
    return InvalidArgument(fmt::format("row {}: {}", record.row, record.problem));
  }
  Heading heading;
  heading.columns = record.fields.size();
  for (size_t i = 0; i < record.fields.size(); ++i) {
    ASSIGN_OR_RETURN(const bool attribute, TakeAttribute(record, i, &heading));
    if (attribute) continue;
    const std::optional<Field> field = FieldOf(record.fields[i]);
    if (!field) {
      if (!Trimmed(record.fields[i]).empty()) ignored->push_back(Trimmed(record.fields[i]));
      continue;
    }
    auto& column = heading.column_of[static_cast<size_t>(*field)];
    if (column) {
      return InvalidArgument(fmt::format("row {}: two columns for \"{}\": \"{}\" and \"{}\"",
                                         record.row, RuleOf(*field).name, record.fields[*column],
                                         record.fields[i]));
    }
    column = i;
  }
  for (size_t i = 0; i < kFields; ++i) {
    const FieldRule& rule = RuleOf(static_cast<Field>(i));
    const bool windows = heading.column_of[static_cast<size_t>(Field::kProductId)] ||
                         heading.column_of[static_cast<size_t>(Field::kHardwareHash)];
    const bool needed =
        rule.need == Need::kAlways || (rule.need == Need::kUnlessWindows && !windows);
    if (needed && !heading.column_of[i]) {
      return InvalidArgument(fmt::format(
          "row {}: no column \"{}\"; the heading must name serial, and manufacturer and model or a "
          "Windows product id or hardware hash",
          record.row, rule.name));
    }
  }
  return heading;
}

// What is wrong with a value, empty if nothing.
std::string ValueProblem(std::string_view name, const std::string& value, size_t bytes_max) {
  if (value.size() > bytes_max) return fmt::format("{} is longer than {} bytes", name, bytes_max);
  if (IsPrintable(value)) return "";
  return fmt::format("{} has characters that cannot be shown; save the file as UTF-8", name);
}

std::string ReadAttributes(const CsvRecord& record, const Heading& heading, ImportLine* line) {
  for (const auto& [key, column] : heading.attributes) {
    if (column >= record.fields.size()) continue;
    std::string value = Trimmed(record.fields[column]);
    if (value.empty()) continue;
    std::string problem = ValueProblem("attr:" + key, value, kNameBytesMax);
    if (!problem.empty()) return problem;
    line->attributes[key] = std::move(value);
  }
  return "";
}

// What Windows Autopilot's lists hold; empty if all is well.
std::string CheckWindows(ImportLine* line) {
  const bool windows = !line->product_id.empty() || !line->hardware_hash.empty();
  if (!windows && line->manufacturer.empty()) return "manufacturer is empty";
  if (!windows && line->model.empty()) return "model is empty";
  if (!line->hardware_hash.empty()) {
    std::string problem = HardwareHashProblem(line->hardware_hash);
    if (!problem.empty()) return problem;
  }
  if (line->product_id.empty()) return "";
  line->attributes[std::string(kProductIdAttribute)] = line->product_id;
  return ProductIdProblem(line->product_id);
}

// What is wrong with the row, empty if nothing; fills `line`.
std::string ReadLine(const CsvRecord& record, const Heading& heading, ImportLine* line) {
  if (!record.problem.empty()) return record.problem;
  for (size_t i = heading.columns; i < record.fields.size(); ++i) {
    // Spreadsheets end rows with empty fields.
    if (!Trimmed(record.fields[i]).empty()) {
      return fmt::format("{} fields where the heading has {}", record.fields.size(),
                         heading.columns);
    }
  }
  for (size_t i = 0; i < kFields; ++i) {
    const FieldRule& rule = RuleOf(static_cast<Field>(i));
    const std::optional<size_t> column = heading.column_of[i];
    if (!column) continue;
    std::string value = *column < record.fields.size() ? Trimmed(record.fields[*column]) : "";
    if (rule.need == Need::kAlways && value.empty()) return fmt::format("{} is empty", rule.name);
    std::string problem = ValueProblem(rule.name, value, rule.bytes_max);
    if (!problem.empty()) return problem;
    line->*rule.member = std::move(value);
  }
  std::string problem = ReadAttributes(record, heading, line);
  return problem.empty() ? CheckWindows(line) : problem;
}

bool LooksLikeUtf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
         (text.size() >= 2 && (text[0] == '\0' || text[1] == '\0'));
}

}  // namespace

StatusOr<ImportFile> ReadImportFile(std::string_view text) {
  if (text.size() > kCliFileBytesMax) return InvalidArgument("the file is too large");
  if (LooksLikeUtf16(text)) {
    return InvalidArgument("the file is UTF-16: save it as \"CSV UTF-8\"");
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::vector<CsvRecord> records = SplitCsv(text, SeparatorOf(text));
  size_t at = 0;
  while (at < records.size() && records[at].IsBlank()) ++at;
  if (at == records.size()) return InvalidArgument("the file is empty");
  ImportFile file;
  ASSIGN_OR_RETURN(const Heading heading, ReadHeading(records[at], &file.ignored_columns));
  std::map<std::string, size_t> row_of_serial;
  for (++at; at < records.size(); ++at) {
    const CsvRecord& record = records[at];
    const auto empty = [](const std::string& field) { return Trimmed(field).empty(); };
    if (record.problem.empty() && std::all_of(record.fields.begin(), record.fields.end(), empty)) {
      continue;
    }
    ImportLine line;
    line.row = record.row;
    std::string problem = ReadLine(record, heading, &line);
    if (problem.empty()) {
      const auto [first, is_new] = row_of_serial.emplace(line.serial_number, line.row);
      if (!is_new) problem = fmt::format("serial is the same as in row {}", first->second);
    }
    if (problem.empty()) {
      file.lines.push_back(std::move(line));
    } else {
      file.problems.push_back({record.row, std::move(problem)});
    }
    if (file.lines.size() + file.problems.size() > static_cast<size_t>(kImportRowsMax)) {
      return InvalidArgument(fmt::format("more than {} rows: split the file", kImportRowsMax));
    }
  }
  if (file.lines.empty() && file.problems.empty()) {
    return InvalidArgument("there is a heading but no row below it");
  }
  return file;
}

}  // namespace preseal::server::cli
