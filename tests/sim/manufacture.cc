// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/manufacture.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "tests/sim/simulated_device.h"
#include "tests/support/swtpm.h"

namespace preseal::sim {
namespace {

constexpr mode_t kFolder = 0755;
constexpr mode_t kFile = 0644;
constexpr size_t kThreads = 2;

Status WriteText(const std::string& path, const std::string& text) {
  return files::WriteAtomic(path, AsBytes(text), kFile);
}

// Shaped like /sys/class/dmi/id.
Status WriteDmi(const std::string& folder, const DeviceSpec& spec) {
  RETURN_IF_ERROR(files::MakeDirectories(folder, kFolder));
  RETURN_IF_ERROR(WriteText(folder + "/product_serial", spec.serial_number + "\n"));
  RETURN_IF_ERROR(WriteText(folder + "/sys_vendor", std::string(kManufacturer) + "\n"));
  RETURN_IF_ERROR(WriteText(folder + "/product_name", std::string(kModel) + "\n"));
  return WriteText(folder + "/product_uuid",
                   fmt::format("5b1f2c3d-0000-4000-8000-{:012x}\n", spec.slot));
}

Status BuildDevice(const BenchFolder& folder, const DeviceSpec& spec,
                   const test::EkAuthority& authority) {
  const std::string home = folder.device(spec.slot);
  RETURN_IF_ERROR(files::MakeDirectories(home + "/target", kFolder));
  RETURN_IF_ERROR(WriteDmi(home + "/dmi", spec));
  if (spec.fails_once) {
    // What the demo profile's burn-in looks for, and a person would mend between two attempts.
    RETURN_IF_ERROR(files::MakeDirectories(home + "/target/run/burn-in", kFolder));
    RETURN_IF_ERROR(WriteText(home + "/target/run/burn-in/fault", "fan 2 stalled\n"));
  }
  if (!spec.lacks_reader) {
    RETURN_IF_ERROR(files::MakeDirectories(home + "/target/dev", kFolder));
    RETURN_IF_ERROR(WriteText(home + "/target/dev/card-reader", "model 3\n"));
  }
  if (!spec.asks_person) {
    RETURN_IF_ERROR(WriteText(home + "/" + kBenchAnswers,
                              fmt::format("items: {{asset-tag: \"A-{:04}\"}}\n", spec.slot)));
  }
  return test::ManufactureTpm(home + "/tpm", authority);
}

std::string CsvOf(const std::vector<DeviceSpec>& bench) {
  std::string csv = "serial,manufacturer,model,assigned_user,group_tag\n";
  for (const DeviceSpec& spec : bench) {
    csv += fmt::format("{},{},{},user{}@example.com,{}\n", spec.serial_number, kManufacturer,
                       kModel, spec.slot, spec.slot % 2 == 0 ? "sales" : "office");
  }
  return csv;
}

}  // namespace

Status Manufacture(const BenchFolder& folder, const std::vector<DeviceSpec>& bench) {
  RETURN_IF_ERROR(files::MakeDirectories(folder.path + "/ek-authority", kFolder));
  RETURN_IF_ERROR(files::MakeDirectories(folder.path + "/other-authority", kFolder));
  ASSIGN_OR_RETURN(const auto known,
                   test::EkAuthority::Create(folder.path + "/ek-authority", "Preseal Lab EK Root"));
  ASSIGN_OR_RETURN(const auto other,
                   test::EkAuthority::Create(folder.path + "/other-authority", "Unknown EK Root"));
  ASSIGN_OR_RETURN(const Bytes root, files::Read(known.certificate_file(), kConfigBytesMax));
  RETURN_IF_ERROR(files::WriteAtomic(folder.ek_root(), root, kFile));
  std::atomic<size_t> next{0};
  std::mutex mutex;
  Status first_error;
  const auto work = [&] {
    for (size_t i = next++; i < bench.size(); i = next++) {
      const Status built = BuildDevice(folder, bench[i], bench[i].untrusted_ek ? other : known);
      const std::lock_guard lock(mutex);
      if (!built.ok() && first_error.ok()) first_error = built;
    }
  };
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back(work);
  threads.clear();
  RETURN_IF_ERROR(first_error);
  return WriteText(folder.csv(), CsvOf(bench));
}

}  // namespace preseal::sim
