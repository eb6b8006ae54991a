// SPDX-License-Identifier: Apache-2.0
#include "tests/support/swtpm.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "tests/support/child_process.h"

namespace preseal::test {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSocketPathBytesMax = 100;  // sun_path holds 108, and ".ctrl" is appended
constexpr auto kStartWithin = std::chrono::seconds(10);

Status WriteText(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::trunc);
  out << text;
  out.close();
  return out ? OkStatus() : Internal("cannot write " + file);
}

// swtpm_localca wants its settings in files; the CA already exists, so it only signs.
Status WriteSettings(const std::string& state_dir, const EkAuthority& authority,
                     const ManufactureOptions& options) {
  const std::string& ca = authority.dir();
  RETURN_IF_ERROR(WriteText(state_dir + "/localca.conf",
                            "statedir = " + ca + "\nsigningkey = " + ca +
                                "/signkey.pem\nissuercert = " + ca +
                                "/issuercert.pem\ncertserial = " + ca + "/certserial\n"));
  RETURN_IF_ERROR(WriteText(state_dir + "/localca.options", ""));
  return WriteText(state_dir + "/setup.conf",
                   "create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = " +
                       state_dir + "/localca.conf\ncreate_certs_tool_options = " + state_dir +
                       "/localca.options\nactive_pcr_banks = " + options.pcr_banks + "\n");
}

// True once swtpm answers on its control socket. A connection alone says too little: swtpm listens
// there before its TPM socket listens, and refuses whoever comes in between.
bool AnswersControl(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  constexpr uint8_t kGetCapability[] = {0, 0, 0, 1};  // CMD_GET_CAPABILITY of swtpm_ioctls(3)
  constexpr timeval kAnswerWithin = {.tv_sec = 1, .tv_usec = 0};
  uint8_t answer[16];
  const bool answered =
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kAnswerWithin, sizeof(kAnswerWithin)) == 0 &&
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::send(fd, kGetCapability, sizeof(kGetCapability), MSG_NOSIGNAL) == sizeof(kGetCapability) &&
      ::recv(fd, answer, sizeof(answer), 0) > 0;
  ::close(fd);
  return answered;
}

}  // namespace

StatusOr<EkAuthority> EkAuthority::Create(const std::string& dir, std::string_view common_name) {
  EkAuthority authority(dir);
  RETURN_IF_ERROR(RunTool({"openssl",
                           "req",
                           "-x509",
                           "-newkey",
                           "ec",
                           "-pkeyopt",
                           "ec_paramgen_curve:P-256",
                           "-nodes",
                           "-keyout",
                           dir + "/signkey.pem",
                           "-out",
                           authority.certificate_file(),
                           "-days",
                           "3650",
                           "-subj",
                           "/CN=" + std::string(common_name),
                           "-addext",
                           "basicConstraints=critical,CA:TRUE",
                           "-addext",
                           "keyUsage=critical,keyCertSign,cRLSign"},
                          dir + "/authority.log"));
  return authority;
}

Status ManufactureTpm(const std::string& state_dir, const EkAuthority& authority,
                      const ManufactureOptions& options) {
  std::error_code error;
  fs::create_directories(state_dir, error);
  if (error) return Internal("cannot create " + state_dir + ": " + error.message());
  RETURN_IF_ERROR(WriteSettings(state_dir, authority, options));
  return RunTool({"swtpm_setup", "--tpm2", "--tpmstate", state_dir, "--create-ek-cert", "--config",
                  state_dir + "/setup.conf", "--overwrite"},
                 state_dir + "/setup.log");
}

StatusOr<std::unique_ptr<Swtpm>> Swtpm::Start(const std::string& state_dir,
                                              const std::string& socket_path, Family family) {
  if (socket_path.size() > kSocketPathBytesMax) {
    return InvalidArgument("socket path too long: " + socket_path);
  }
  std::error_code error;
  fs::create_directories(state_dir, error);
  if (error) return Internal("cannot create " + state_dir + ": " + error.message());
  std::unique_ptr<Swtpm> swtpm(new Swtpm(state_dir, socket_path, family));
  RETURN_IF_ERROR(swtpm->Launch());
  return swtpm;
}

Swtpm::~Swtpm() {
  Kill();
  std::error_code ignored;
  fs::remove(socket_path_, ignored);
  fs::remove(socket_path_ + ".ctrl", ignored);
}

void Swtpm::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

Status Swtpm::Restart() {
  Kill();
  return Launch();
}

Status Swtpm::Launch() {
  const std::string control = socket_path_ + ".ctrl";
  std::error_code ignored;
  fs::remove(socket_path_, ignored);  // a killed swtpm leaves them behind
  fs::remove(control, ignored);
  const std::string log = state_dir_ + "/swtpm.log";
  std::vector<std::string> argv = {"swtpm",      "socket",
                                   "--tpmstate", "dir=" + state_dir_,
                                   "--server",   "type=unixio,path=" + socket_path_,
                                   "--ctrl",     "type=unixio,path=" + control,
                                   "--flags",    "not-need-init,startup-clear"};
  if (family_ == Family::k20) argv.push_back("--tpm2");
  ASSIGN_OR_RETURN(pid_, Spawn(argv, log));
  const auto deadline = std::chrono::steady_clock::now() + kStartWithin;
  // The control socket is asked: a connection to the other one would count as a TPM client.
  while (!AnswersControl(control)) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      return Internal("swtpm ended at once; see " + log);
    }
    if (std::chrono::steady_clock::now() > deadline) return Internal("swtpm did not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return OkStatus();
}

}  // namespace preseal::test
