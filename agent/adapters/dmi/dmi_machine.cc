// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/dmi/dmi_machine.h"

#include <algorithm>
#include <filesystem>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSysfsBytesMax = 4096;  // a sysfs attribute is one page
constexpr char kNoAddress[] = "00:00:00:00:00:00";

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSpace(" \t\r\n\0", 5);
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

// Firmware writes anything here; protobuf wants UTF-8, and a serial with a backslash must stay what
// the label says.
std::string Printable(const std::string& text, size_t bytes_max) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 127; });
  if (plain) return text.substr(0, bytes_max);
  return EscapeForLog(text, bytes_max - 3);  // room for its "…"
}

StatusOr<std::string> ReadText(const std::string& path, size_t bytes_max) {
  const auto bytes = files::Read(path, kSysfsBytesMax);
  if (bytes.status().code() == StatusCode::kNotFound) return std::string();
  RETURN_IF_ERROR(bytes.status());
  return Printable(Trimmed(AsText(*bytes)), bytes_max);
}

// Virtual interfaces (bridges, containers) have no device behind them and change with every boot.
std::vector<std::string> ReadMacAddresses(const std::string& directory) {
  std::vector<std::string> addresses;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code no_device;
    if (!fs::exists(entry->path() / "device", no_device)) continue;
    const auto address = ReadText(entry->path() / "address", kNameBytesMax);
    if (address.ok() && !address->empty() && *address != kNoAddress) addresses.push_back(*address);
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.resize(std::min(addresses.size(), kMacAddressesMax));
  return addresses;
}

}  // namespace

StatusOr<MachineFacts> DmiMachine::ReadFacts() {
  const std::string dmi = paths_.dmi_directory;
  MachineFacts facts;
  ASSIGN_OR_RETURN(facts.serial_number, ReadText(dmi + "/product_serial", kSerialBytesMax));
  ASSIGN_OR_RETURN(facts.manufacturer, ReadText(dmi + "/sys_vendor", kNameBytesMax));
  ASSIGN_OR_RETURN(facts.model, ReadText(dmi + "/product_name", kNameBytesMax));
  ASSIGN_OR_RETURN(facts.sku, ReadText(dmi + "/product_sku", kNameBytesMax));
  ASSIGN_OR_RETURN(facts.system_uuid, ReadText(dmi + "/product_uuid", kNameBytesMax));
  facts.mac_addresses = ReadMacAddresses(paths_.net_directory);
  return facts;
}

StatusOr<Bytes> DmiMachine::ReadEventLog() {
  auto log = files::Read(paths_.event_log_file, kEventLogBytesMax);
  if (log.status().code() == StatusCode::kNotFound) return Bytes();
  return log;
}

}  // namespace preseal::agent
