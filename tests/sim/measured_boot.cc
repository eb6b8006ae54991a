// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/measured_boot.h"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "common/base/bytes.h"
#include "common/files/files.h"
#include "common/process/process.h"
#include "server/domain/event_log/event_log.h"
#include "tests/support/event_log_builder.h"

namespace preseal::sim {
namespace {

constexpr mode_t kLogFile = 0644;
constexpr auto kToolTimeout = std::chrono::seconds(20);

}  // namespace

Status MeasureBoot(const std::string& tcti, const std::string& log_file) {
  test::EventLogBuilder boot({server::kBankSha256});
  boot.SecureBootBoot();
  // swtpm starts its TPM in locality 0, and then no event says so.
  std::erase_if(boot.events(), [](const auto& e) { return e.type == server::kEvNoAction; });
  const Bytes log = boot.Build();
  RETURN_IF_ERROR(files::WriteAtomic(log_file, log, kLogFile));
  process::Command command{.argv = {"tpm2_pcrextend"},
                           .environment = process::MinimalEnvironment(),
                           .timeout = kToolTimeout};
  command.environment.push_back("TPM2TOOLS_TCTI=" + tcti);
  for (const server::LoggedEvent& event : server::ParseEventLog(log).events) {
    if (event.type == server::kEvNoAction) continue;
    command.argv.push_back(fmt::format("{}:sha256={}", event.pcr,
                                       ToHex(event.FindDigest(server::kBankSha256)->value)));
  }
  ASSIGN_OR_RETURN(const auto run, process::RunAndCapture(command));
  if (run.ending.Succeeded()) return OkStatus();
  return Internal("tpm2_pcrextend failed: " + run.error);
}

}  // namespace preseal::sim
