// SPDX-License-Identifier: Apache-2.0
// What each command does. The command tree (command_tree.h) fills the options and calls; a Status
// is printed by it and decides the exit code.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "server/cli/cli.h"

namespace preseal::server::cli {

struct LoginOptions {
  std::string server;
  std::string user;
  bool password_stdin = false;
  bool new_password_stdin = false;  // standard input's second line
};
StatusOr<ExitCode> Login(const Cli& cli, const LoginOptions& options);
StatusOr<ExitCode> Logout(const Cli& cli);
StatusOr<ExitCode> WhoAmI(const Cli& cli);

struct DeviceFilter {
  std::string batch;  // PO-7 or batches/PO-7
  std::vector<std::string> states;
  std::string query;
};
StatusOr<ExitCode> ListDevices(const Cli& cli, const DeviceFilter& filter);
StatusOr<ExitCode> ShowDevice(const Cli& cli, const std::string& device);
// Until Ctrl-C, which is success. `device` may be empty.
StatusOr<ExitCode> WatchDevices(const Cli& cli, const DeviceFilter& filter,
                                const std::string& device);

struct EventsOptions {
  std::string device;
  uint32_t attempt = 0;  // 0: the latest run
};
StatusOr<ExitCode> ListEvents(const Cli& cli, const EventsOptions& options);

enum class Verb { kStart, kRetry, kReseal };
struct ControlOptions {
  Verb verb = Verb::kStart;
  std::vector<std::string> devices;  // serial numbers or device ids
  std::string batch;                 // reseal: with all_ready instead of `devices`
  bool all_ready = false;
  bool yes = false;
  bool wait = false;
  std::chrono::seconds wait_limit{0};
};
StatusOr<ExitCode> Control(const Cli& cli, const ControlOptions& options);

struct ImportOptions {
  std::string file;
  std::string batch;
  bool dry_run = false;
};
StatusOr<ExitCode> Import(const Cli& cli, const ImportOptions& options);

StatusOr<ExitCode> ListBatches(const Cli& cli);
StatusOr<ExitCode> ShowBatch(const Cli& cli, const std::string& batch);
StatusOr<ExitCode> WatchBatch(const Cli& cli, const std::string& batch);

struct FetchOptions {
  std::string device;
  std::string to;  // a file, or for evidence a directory; empty: standard output
};
StatusOr<ExitCode> FetchBirthCertificate(const Cli& cli, const FetchOptions& options);
StatusOr<ExitCode> FetchEvidence(const Cli& cli, const FetchOptions& options);

struct VerifyEvidenceOptions {
  std::string file;    // evidence file, "-" for standard input
  std::string signer;  // PEM of the seal CA; empty: any signer, which is then a finding
  std::string trust;   // folder of makers' CA certificates; empty: as recorded
  bool json = false;
};
// Offline. kOk: every decision comes out the same; kNo: EVIDENCE_TAMPERED; kError: unreadable.
StatusOr<ExitCode> VerifyEvidence(const Cli& cli, const VerifyEvidenceOptions& options);

struct LintCommandOptions {
  std::vector<std::string> paths;  // files and folders
  std::vector<std::string> trust;  // files and folders of CA certificates; empty: none
  std::string key_file;            // of the statements' signer; empty: ak.pem or ak.pub beside them
  std::string at;                  // ParseLintTime; empty: now
  bool json = false;
  bool lab = false;
};
// Offline. Exit code kNo if anything is refused, kError if anything could not be read.
StatusOr<ExitCode> LintEvidence(const Cli& cli, const LintCommandOptions& options);

struct CreateTokenOptions {
  std::string display_name;
  std::string role;
  std::vector<std::string> batches;
  std::chrono::seconds life{0};
};
StatusOr<ExitCode> CreateToken(const Cli& cli, const CreateTokenOptions& options);
StatusOr<ExitCode> ListTokens(const Cli& cli);
StatusOr<ExitCode> RevokeToken(const Cli& cli, const std::string& token);

struct VerifyOptions {
  std::string file;    // "-" for standard input
  std::string serial;  // empty: any
  bool at_signing_time = false;
};
// Offline; the CA is GlobalOptions::ca_file.
StatusOr<ExitCode> Verify(const Cli& cli, const VerifyOptions& options);

enum class IdentityVerb { kShow, kUnblock, kRebind, kRelease, kRevoke, kVouch };
struct IdentityOptions {
  IdentityVerb verb = IdentityVerb::kShow;
  std::string device;
  std::string reason;  // rebind: board-swap, clear or resale
  std::string note;    // rebind only
  std::string ek;      // rebind and vouch: 64 hex digits; empty: the newest that waits
};
StatusOr<ExitCode> DecideIdentity(const Cli& cli, const IdentityOptions& options);

struct EkListOptions {
  std::string batch;  // empty: the list for every batch
  std::string file;
  std::string ek;
  bool all = false;
  std::string reason;
};
StatusOr<ExitCode> ImportEkList(const Cli& cli, const EkListOptions& options);
StatusOr<ExitCode> ListEkList(const Cli& cli, const EkListOptions& options);
StatusOr<ExitCode> RemoveEkList(const Cli& cli, const EkListOptions& options);

struct OrderCodeOptions {
  std::string batch;
  uint32_t uses = 1;
  std::chrono::seconds life{0};
  std::string code;
  std::string reason;
};
StatusOr<ExitCode> NewOrderCode(const Cli& cli, const OrderCodeOptions& options);
StatusOr<ExitCode> ListOrderCodes(const Cli& cli);
StatusOr<ExitCode> RevokeOrderCode(const Cli& cli, const OrderCodeOptions& options);

enum class GoldenVerb { kShow, kApprove, kRetire };
struct GoldenOptions {
  GoldenVerb verb = GoldenVerb::kShow;
  std::string id;
  std::string manufacturer;
  std::string model;
  std::string reason;
};
StatusOr<ExitCode> ListGoldenSets(const Cli& cli, const GoldenOptions& options);
StatusOr<ExitCode> DecideGolden(const Cli& cli, const GoldenOptions& options);

}  // namespace preseal::server::cli
