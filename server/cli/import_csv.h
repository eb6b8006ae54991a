// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace preseal::server::cli {

// One device to import, as it stands in the file.
struct ImportLine {
  size_t row = 0;  // as a spreadsheet numbers it: the heading is row 1
  std::string serial_number;
  std::string manufacturer;
  std::string model;
  std::string assigned_user;                      // may be empty
  std::string sku;                                // likewise
  std::string group_tag;                          // likewise
  std::map<std::string, std::string> attributes;  // of columns "attr:KEY", without empty ones
  std::string product_id;                         // of Windows; also an attribute
  std::string hardware_hash;                      // of Windows; checked, not sent
};

struct ImportProblem {
  size_t row = 0;
  std::string message;  // one plain sentence, lower case, no full stop
};

struct ImportFile {
  std::vector<ImportLine> lines;             // only rows without a problem
  std::vector<ImportProblem> problems;       // by row
  std::vector<std::string> ignored_columns;  // headings that mean nothing to us
};

// Reads a device list. Pure. Tolerant: UTF-8 with or without byte order mark; comma, semicolon or
// tab between fields (decided by the heading); LF, CRLF or CR; quoted fields with doubled quotes
// and line breaks (RFC 4180); blank rows; columns in any order, headings in any case and by the
// names manufacturers use ("Device Serial Number", "Vendor", "Device model", "User"); "attr:KEY"
// columns become attributes, KEY as written: letters, digits, dots, dashes, underscores. Windows
// Autopilot's own lists are taken as they are: a product id or a hardware hash stands in for
// manufacturer and model. A bad row never stops the reading. InvalidArgument, with nothing read:
// UTF-16, more than kCliFileBytesMax bytes or kImportRowsMax rows, no heading, a needed heading
// missing or there twice, no row at all. Problems by row: an unclosed quote, text after a closing
// quote, a quote inside a bare field, more fields than headings, an empty serial number,
// manufacturer or model, a field over its limit, characters that cannot be shown, the same serial
// number twice.
StatusOr<ImportFile> ReadImportFile(std::string_view text);

}  // namespace preseal::server::cli
