// SPDX-License-Identifier: Apache-2.0
// devices watch, batches watch.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "preseal/batch/v1/batch.grpc.pb.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/device_watch.h"
#include "server/cli/interrupts.h"
#include "server/cli/live_screen.h"
#include "server/cli/names.h"
#include "server/cli/stream.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

// --state and --query, which the watch itself does not know.
class DeviceSieve {
 public:
  static StatusOr<DeviceSieve> Make(const DeviceFilter& filter) {
    DeviceSieve sieve;
    sieve.query_ = filter.query;
    for (const std::string& state : filter.states) {
      ASSIGN_OR_RETURN(const auto value, ParseState(state));
      sieve.states_.push_back(value);
    }
    return sieve;
  }

  bool Passes(const fleet_v1::Device& device) const {
    if (!states_.empty() &&
        std::find(states_.begin(), states_.end(), device.state()) == states_.end()) {
      return false;
    }
    return Contains(device.serial_number(), query_) || Contains(IdOf(device.name()), query_) ||
           Contains(device.slot(), query_);
  }

 private:
  std::vector<lifecycle_v1::DeviceState> states_;
  std::string query_;
};

// D-9 before D-10.
struct ByNumber {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};

// The screen of a watching terminal: the table as it stands.
class DeviceScreen {
 public:
  explicit DeviceScreen(const Cli& cli) : cli_(cli), screen_(std::in_place, cli.terminal()) {}
  ~DeviceScreen() {
    screen_.reset();
    cli_.Print(MakeFormatter(OutputFormat::kTable, cli_.Style())->Format(Picture()));
  }
  DeviceScreen(const DeviceScreen&) = delete;
  DeviceScreen& operator=(const DeviceScreen&) = delete;

  void Show(const fleet_v1::WatchDevicesResponse& message, const DeviceSieve& sieve) {
    for (const auto& device : message.devices()) {
      if (sieve.Passes(device)) {
        devices_[device.name()] = device;
      } else {
        devices_.erase(device.name());
      }
    }
    if (!message.snapshot_complete()) return;
    OutputStyle style = cli_.Style();
    style.width = cli_.terminal().size().first;
    screen_->Draw(fmt::format("{}  {} devices, Ctrl-C ends\n\n{}", TimeText(message.server_time()),
                              devices_.size(),
                              MakeFormatter(OutputFormat::kTable, style)->Format(Picture())));
  }

 private:
  Report Picture() const {
    // One device: all about it.
    if (devices_.size() == 1 && devices_.begin()->second.items_size() > 0) {
      return DeviceReport(devices_.begin()->second);
    }
    fleet_v1::ListDevicesResponse list;
    for (const auto& [name, device] : devices_) *list.add_devices() = device;
    return DevicesReport(list);
  }

  const Cli& cli_;
  std::map<std::string, fleet_v1::Device, ByNumber> devices_;
  std::optional<LiveScreen> screen_;
};

// One line per change, for pipes and files.
class DeviceLines {
 public:
  explicit DeviceLines(const Cli& cli)
      : cli_(cli), formatter_(MakeFormatter(cli.format(), cli.Style())) {}

  void Show(const fleet_v1::WatchDevicesResponse& message, const DeviceSieve& sieve) {
    for (const auto& device : message.devices()) {
      if (!sieve.Passes(device)) continue;
      const Report report = DeviceChangeReport(device, message.server_time());
      // A table line says less than the device: the same again, but for the time, is no news.
      if (cli_.format() == OutputFormat::kTable) {
        std::string news;
        const auto& row = report.sections[0].table.rows[0];
        for (size_t i = 1; i < row.size(); ++i) news += row[i].text + "\n";
        if (std::string& last = shown_[device.name()]; last == news) {
          continue;
        } else {
          last = news;
        }
      }
      cli_.Print(formatter_->FormatNext(report, first_));
      first_ = false;
    }
  }

 private:
  const Cli& cli_;
  std::unique_ptr<Formatter> formatter_;
  std::map<std::string, std::string> shown_;
  bool first_ = true;
};

}  // namespace

StatusOr<ExitCode> WatchDevices(const Cli& cli, const DeviceFilter& filter,
                                const std::string& device) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const DeviceSieve sieve, DeviceSieve::Make(filter));
  ASSIGN_OR_RETURN(const std::string batch, BatchName(filter.batch));
  std::string name;
  if (!device.empty()) {
    ASSIGN_OR_RETURN(name, DeviceName(*connection, device));
  }
  Interrupts interrupts;
  std::optional<DeviceScreen> screen;
  DeviceLines lines(cli);
  const bool full_screen = cli.format() == OutputFormat::kTable && cli.terminal().out_is_terminal;
  const auto show = [&](const fleet_v1::WatchDevicesResponse& message) {
    if (full_screen) {
      if (!screen) screen.emplace(cli);  // only now: an error before must stay readable
      screen->Show(message, sieve);
    } else {
      lines.Show(message, sieve);
    }
    return true;
  };
  const Status ended = FollowDevices(*connection, interrupts, batch, name, show);
  screen.reset();
  RETURN_IF_ERROR(ended);
  return ExitCode::kOk;
}

StatusOr<ExitCode> WatchBatch(const Cli& cli, const std::string& batch) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  batch_v1::WatchBatchRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), BatchName(batch));
  batch_v1::BatchService::Stub stub(connection->channel());
  Interrupts interrupts;
  const auto open = [&](grpc::ClientContext* context) { return stub.WatchBatch(context, request); };
  std::optional<LiveScreen> screen;
  batch_v1::Batch last;
  const bool full_screen = cli.format() == OutputFormat::kTable && cli.terminal().out_is_terminal;
  const auto formatter = MakeFormatter(cli.format(), cli.Style());
  bool first = true;
  const auto show = [&](const batch_v1::Batch& now) {
    last = now;
    if (full_screen) {
      if (!screen) screen.emplace(cli.terminal());
      screen->Draw(formatter->Format(BatchReport(now)) + "\nCtrl-C ends\n");
    } else {
      cli.Print(formatter->FormatNext(BatchChangeReport(now), first));
    }
    first = false;
    return true;
  };
  const Status ended = ReadStream<batch_v1::Batch>(*connection, interrupts, open, show);
  if (screen) {
    screen.reset();
    cli.Print(BatchReport(last));
  }
  RETURN_IF_ERROR(ended);
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
