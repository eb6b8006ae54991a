// SPDX-License-Identifier: Apache-2.0
#include "tests/support/samba_dc.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <sstream>
#include <thread>

#include "common/files/files.h"
#include "tests/support/private_network.h"

namespace preseal::test {
namespace {

using std::chrono::steady_clock;

constexpr char kAdministratorPassword[] = "Adm1n-of-the-test";
constexpr char kJoinPassword[] = "J0in-of-the-test";
constexpr char kJoinUser[] = "preseal-join";
constexpr auto kToolTimeout = std::chrono::minutes(3);
constexpr auto kStartWithin = std::chrono::seconds(60);
constexpr auto kLook = std::chrono::milliseconds(50);
constexpr int kPorts[] = {53, 88, 135, 389, 445};
// libwbclient looks nowhere else, whatever the configuration says; in our own /run.
constexpr char kWinbindPipe[] = "/run/samba/winbindd/pipe";

bool Accepts(int family, const sockaddr* address, socklen_t size) {
  const UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.valid() && ::connect(fd.get(), address, size) == 0;
}

bool PortAccepts(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, SambaDc::kAddress, &address.sin_addr);
  return Accepts(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

bool WinbindAccepts() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, kWinbindPipe, sizeof(address.sun_path) - 1);
  return Accepts(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// Every folder its own; extended attributes in a file, because /tmp may have none.
std::string Configuration(const std::string& directory) {
  std::string text = fmt::format(
      "[global]\n  netbios name = DC1\n  realm = {}\n  workgroup = {}\n"
      "  server role = active directory domain controller\n"
      "  server services = rpc, ldap, cldap, kdc, dns, s3fs, winbindd\n"
      "  interfaces = {}/24\n  bind interfaces only = yes\n"
      "  log file = {}/samba.log\n  vfs objects = dfs_samba4 acl_xattr xattr_tdb\n"
      "  xattr_tdb:file = {}/xattr.tdb\n  load printers = no\n  disable spoolss = yes\n",
      SambaDc::kDomain, SambaDc::kWorkgroup, SambaDc::kAddress, directory, directory);
  for (const char* folder :
       {"private dir", "state directory", "cache directory", "lock directory", "pid directory",
        "binddns dir", "ncalrpc dir", "ntp signd socket directory"}) {
    text += fmt::format("  {} = {}/dc\n", folder, directory);
  }
  return text + fmt::format(
                    "[sysvol]\n  path = {0}/dc/sysvol\n  read only = No\n[netlogon]\n"
                    "  path = {0}/dc/sysvol/{1}/scripts\n  read only = No\n",
                    directory, SambaDc::kDomain);
}

Status WriteAuth(const std::string& path, std::string_view user, std::string_view password) {
  const std::string text = fmt::format("username = {}\npassword = {}\ndomain = {}\n", user,
                                       password, SambaDc::kWorkgroup);
  return files::WriteAtomic(path, AsBytes(text), 0600);
}

StatusOr<std::string> RunTool(std::vector<std::string> argv) {
  process::Command command;
  command.argv = std::move(argv);
  command.environment = process::MinimalEnvironment();
  command.timeout = kToolTimeout;
  ASSIGN_OR_RETURN(const auto captured, process::RunAndCapture(command));
  if (captured.ending.Succeeded()) return captured.output;
  return FailedPrecondition(captured.output + captured.error);
}

}  // namespace

StatusOr<std::unique_ptr<SambaDc>> SambaDc::Make(const std::string& directory) {
  for (const char* program : {"/usr/sbin/samba", "/usr/bin/samba-tool", "/usr/bin/net"}) {
    if (::access(program, X_OK) != 0) {
      return FailedPrecondition(fmt::format("{} is not installed", program));
    }
  }
  RETURN_IF_ERROR(EnterPrivateNetwork(directory, kAddress));
  auto dc = std::unique_ptr<SambaDc>(new SambaDc(directory));
  // From here a failure is a failure: the machine can do it.
  const auto made = [&dc]() -> Status {
    RETURN_IF_ERROR(dc->Provision());
    RETURN_IF_ERROR(dc->Furnish());
    return dc->Start();
  }();
  if (!made.ok()) return Internal(ToString(made));
  return dc;
}

Status SambaDc::Provision() {
  RETURN_IF_ERROR(files::MakeDirectories(directory_ + "/dc", 0755));
  RETURN_IF_ERROR(files::MakeDirectories("/run/samba", 0755));
  const std::string smb_conf = directory_ + "/smb.conf";
  RETURN_IF_ERROR(files::WriteAtomic(smb_conf, AsBytes(Configuration(directory_)), 0644));
  return RunTool({"samba-tool", "domain", "provision", "--configfile=" + smb_conf,
                  fmt::format("--realm={}", kDomain), fmt::format("--domain={}", kWorkgroup),
                  "--server-role=dc", "--dns-backend=SAMBA_INTERNAL", "--host-name=dc1",
                  fmt::format("--host-ip={}", kAddress),
                  fmt::format("--adminpass={}", kAdministratorPassword)})
      .status();
}

Status SambaDc::Furnish() {
  RETURN_IF_ERROR(WriteAuth(AuthFile(), kJoinUser, kJoinPassword));
  RETURN_IF_ERROR(WriteAuth(AdministratorAuthFile(), "Administrator", kAdministratorPassword));
  // A service of samba's would add these in its own time; Kerberos clients of LDAP need them.
  for (const char* spn : {"ldap/dc1.floor.test", "ldap/dc1.floor.test/floor.test"}) {
    RETURN_IF_ERROR(Tool({"spn", "add", spn, "DC1$"}).status());
  }
  RETURN_IF_ERROR(Tool({"ou", "create", kOu}).status());
  RETURN_IF_ERROR(Tool({"ou", "create", kOtherOu}).status());
  RETURN_IF_ERROR(Tool({"user", "create", kJoinUser, kJoinPassword}).status());
  return GrantJoinAccount();
}

// The least that works, as docs/hybrid-join.md tells administrators.
Status SambaDc::GrantJoinAccount() {
  constexpr char kComputerClass[] = "bf967a86-0de6-11d0-a285-00aa003049e2";
  ASSIGN_OR_RETURN(const std::string shown,
                   Tool({"user", "show", kJoinUser, "--attributes=objectSid"}));
  std::istringstream lines(shown);
  std::string sid;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("objectSid: ")) sid = line.substr(11);
  }
  for (const std::string& ace : {fmt::format("(OA;CI;CC;{};;{})", kComputerClass, sid),
                                 fmt::format("(OA;CIIO;RPWPRCCR;;{};{})", kComputerClass, sid)}) {
    RETURN_IF_ERROR(
        Tool({"dsacl", "set", fmt::format("--objectdn={}", kOu), "--sddl=" + ace}).status());
  }
  return OkStatus();
}

StatusOr<std::string> SambaDc::Tool(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "samba-tool");
  arguments.push_back("--configfile=" + directory_ + "/smb.conf");
  arguments.push_back("--URL=" + directory_ + "/dc/sam.ldb");
  return RunTool(std::move(arguments));
}

StatusOr<std::string> SambaDc::Computer(const std::string& name) const {
  auto shown = Tool({"computer", "show", name});
  if (shown.ok() || MessageOf(shown.status()).find("Unable to find") == std::string::npos) {
    return shown;
  }
  return NotFound("no computer " + name);
}

bool SambaDc::Answers() const {
  for (const int port : kPorts) {
    if (!PortAccepts(port)) return false;
  }
  return WinbindAccepts();
}

Status SambaDc::Start() {
  process::Command command;
  command.argv = {"samba", "--interactive", "--configfile=" + directory_ + "/smb.conf",
                  "--no-process-group"};
  command.environment = process::MinimalEnvironment();
  command.output_file = directory_ + "/samba.out";
  ASSIGN_OR_RETURN(samba_, process::Child::Start(command));
  const auto deadline = steady_clock::now() + kStartWithin;
  while (!Answers()) {
    if (!samba_->Running()) return Internal("samba ended: see samba.out");
    if (steady_clock::now() > deadline) return DeadlineExceeded("samba does not answer");
    std::this_thread::sleep_for(kLook);
  }
  return OkStatus();
}

}  // namespace preseal::test
