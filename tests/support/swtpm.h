// SPDX-License-Identifier: Apache-2.0
// Software TPMs for tests, the demo bench and the simulator, from Debian's swtpm, swtpm-tools and
// openssl. Two halves that do not know each other: manufacturing writes a TPM's state directory
// (EKs and EK certificates), running starts a TPM on such a directory, or on an empty one.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::test {

// A private certificate authority (P-256) that signs EK certificates. A test trusts it, or not.
class EkAuthority {
 public:
  // Makes key and certificate in `dir`, which must exist and outlive every ManufactureTpm with it.
  static StatusOr<EkAuthority> Create(const std::string& dir, std::string_view common_name);

  const std::string& dir() const { return dir_; }
  std::string certificate_file() const { return dir_ + "/issuercert.pem"; }

 private:
  explicit EkAuthority(std::string dir) : dir_(std::move(dir)) {}
  std::string dir_;
};

struct ManufactureOptions {
  std::string pcr_banks = "sha256";  // comma-separated, no spaces
};

// Gives the TPM state in `state_dir` (created if absent, anything there is overwritten) an RSA-2048
// EK at 0x81010001 and a P-384 EK at 0x81010016, with certificates by `authority` in NV 0x01C00002
// and 0x01C00016. About 0.7 s. Safe from several threads, also with one authority.
// Internal, with the tool's last words, if a tool is missing or fails.
Status ManufactureTpm(const std::string& state_dir, const EkAuthority& authority,
                      const ManufactureOptions& options = {});

// One running swtpm on a Unix socket. Dies with the thread that started it (PR_SET_PDEATHSIG), so
// start it from one that lives as long as it is needed. Not thread-safe.
class Swtpm {
 public:
  enum class Family { k20, k12 };  // 1.2: what a firmware setup may still be switched to

  // `state_dir` is created if absent; an empty one is a blank TPM without EK certificate.
  // InvalidArgument if `socket_path` is longer than 100 bytes; Internal if swtpm does not come up.
  static StatusOr<std::unique_ptr<Swtpm>> Start(const std::string& state_dir,
                                                const std::string& socket_path,
                                                Family family = Family::k20);
  ~Swtpm();
  Swtpm(const Swtpm&) = delete;
  Swtpm& operator=(const Swtpm&) = delete;

  // For Tpm::Open and tpm2-tools: "swtpm:path=…".
  std::string tcti() const { return "swtpm:path=" + socket_path_; }
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ > 0; }

  // SIGKILL, as a power cut: transient objects, sessions and PCRs are gone, persistent state stays.
  void Kill();
  // Power on again, at the same socket.
  Status Restart();

 private:
  Swtpm(std::string state_dir, std::string socket_path, Family family)
      : state_dir_(std::move(state_dir)), socket_path_(std::move(socket_path)), family_(family) {}
  Status Launch();

  std::string state_dir_;
  std::string socket_path_;
  Family family_;
  pid_t pid_ = 0;
};

}  // namespace preseal::test
