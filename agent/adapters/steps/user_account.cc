// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/user_account.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr uid_t kFirstUser = 1000;
constexpr uid_t kNobody = 65534;
constexpr size_t kRecordBytesFirst = 16 * 1024;
constexpr size_t kRecordBytesMax = 1024 * 1024;
constexpr int kGroupsMax = 65536;  // NGROUPS_MAX of Linux

StatusOr<std::optional<UserAccount>> Nothing() { return std::optional<UserAccount>(); }

UserAccount AccountOf(const passwd& record) {
  return {{record.pw_uid, record.pw_gid, {}}, record.pw_name, record.pw_dir};
}

// What the libraries' files are read through.
struct Close {
  void operator()(FILE* stream) const { std::fclose(stream); }
};
using Stream = std::unique_ptr<FILE, Close>;
Stream Open(Bytes& content) {
  // fmemopen refuses to open nothing.
  if (content.empty()) content.push_back('\n');
  return Stream(::fmemopen(content.data(), content.size(), "r"));
}

// Accounts of the system we run on.
class SystemAccounts {
 public:
  static StatusOr<std::optional<UserAccount>> Find(const std::string& name) {
    std::vector<char> buffer(kRecordBytesFirst);
    while (true) {
      passwd record{};
      passwd* found = nullptr;
      const int error = ::getpwnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found);
      if (found != nullptr) return WithGroups(AccountOf(record));
      if (error == EINTR) continue;
      if (error == ERANGE && buffer.size() < kRecordBytesMax) {
        buffer.resize(buffer.size() * 2);
        continue;
      }
      // getpwnam(3): what sources say that have no such name.
      if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM) {
        return Nothing();
      }
      return files::FromErrno(error, "look up the account", name);
    }
  }

 private:
  static StatusOr<std::optional<UserAccount>> WithGroups(UserAccount user) {
    int count = 64;
    while (count <= kGroupsMax) {
      const int room = count;
      user.account.groups.resize(static_cast<size_t>(room));
      if (::getgrouplist(user.name.c_str(), user.account.gid, user.account.groups.data(), &count) >=
          0) {
        user.account.groups.resize(static_cast<size_t>(count));
        return std::optional(std::move(user));
      }
      count = std::max(count, room * 2);
    }
    return Internal("the account is in too many groups: " + user.name);
  }
};

// Accounts of a target that is not the running system.
class TargetAccounts {
 public:
  explicit TargetAccounts(const TargetRoot& target) : target_(target) {}

  StatusOr<std::optional<UserAccount>> Find(const std::string& name) const {
    ASSIGN_OR_RETURN(Bytes content, ReadIfThere("/etc/passwd"));
    const Stream stream = Open(content);
    if (!stream) return Internal("cannot read accounts");
    std::vector<char> buffer(kRecordBytesFirst);
    passwd record{};
    passwd* found = nullptr;
    while (::fgetpwent_r(stream.get(), &record, buffer.data(), buffer.size(), &found) == 0) {
      if (name != record.pw_name) continue;
      UserAccount user = AccountOf(record);
      RETURN_IF_ERROR(AddGroups(&user));
      RETURN_IF_ERROR(PlaceHome(&user));
      return std::optional(std::move(user));
    }
    return Nothing();
  }

 private:
  StatusOr<Bytes> ReadIfThere(const std::string& path) const {
    auto content = target_.Read(path, kTargetSettingsBytesMax);
    if (content.status().code() == StatusCode::kNotFound) return Bytes{};
    return content;
  }

  Status AddGroups(UserAccount* user) const {
    user->account.groups = {user->account.gid};
    ASSIGN_OR_RETURN(Bytes content, ReadIfThere("/etc/group"));
    const Stream stream = Open(content);
    if (!stream) return Internal("cannot read groups");
    std::vector<char> buffer(kRecordBytesMax);
    group record{};
    group* found = nullptr;
    while (::fgetgrent_r(stream.get(), &record, buffer.data(), buffer.size(), &found) == 0) {
      for (char** member = record.gr_mem; *member != nullptr; ++member) {
        if (user->name == *member) user->account.groups.push_back(record.gr_gid);
      }
    }
    return OkStatus();
  }

  Status PlaceHome(UserAccount* user) const {
    ASSIGN_OR_RETURN(const bool same, target_.LeadsToItself(user->home));
    if (!same) return FailedPrecondition(user->home + " leads out of the target");
    user->home = target_.path() + user->home;
    return OkStatus();
  }

  const TargetRoot& target_;
};

StatusOr<std::optional<UserAccount>> Find(const TargetRoot& target, const std::string& name) {
  return target.path() == "/" ? SystemAccounts::Find(name) : TargetAccounts(target).Find(name);
}

bool IsName(std::string_view name) {
  const auto odd = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == ':' || c == '/' || c == ',';
  };
  return !name.empty() && name.size() <= kNameBytesMax && name[0] != '-' &&
         std::none_of(name.begin(), name.end(), odd);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameDomain(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

StatusOr<bool> IsOurDomain(const TargetRoot& target, const std::string& domain) {
  const auto content = target.Read(kAccountDomainsPath, kTargetSettingsBytesMax);
  if (content.status().code() == StatusCode::kNotFound) return false;
  RETURN_IF_ERROR(content.status());
  std::istringstream lines(ToString(ByteView(*content)));
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
    if (!line.empty() && line[0] != '#' && SameDomain(line, domain)) return true;
  }
  return false;
}

StatusOr<std::optional<UserAccount>> FindByRule(const TargetRoot& target, const std::string& user) {
  ASSIGN_OR_RETURN(auto exact, Find(target, user));
  if (exact) return exact;
  const size_t at = user.find('@');
  if (at == std::string::npos || user.find('@', at + 1) != std::string::npos) return Nothing();
  ASSIGN_OR_RETURN(const bool ours, IsOurDomain(target, user.substr(at + 1)));
  const std::string name = user.substr(0, at);
  return ours && IsName(name) ? Find(target, name) : Nothing();
}

Status CheckIsUsers(const UserAccount& user) {
  const auto is_users = [](uid_t id) {
    return id >= kFirstUser && id != kNobody && id != static_cast<uid_t>(-1);
  };
  if (is_users(user.account.uid)) return OkStatus();
  return PermissionDenied(fmt::format(
      "the account {} (uid {}) is the system's own, not a user's: no step of the user runs as it",
      user.name, user.account.uid));
}

Status CheckHome(const UserAccount& user) {
  struct stat info {};
  if (::stat(user.home.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return OkStatus();
  return NotFound(fmt::format("the home folder {} of {} does not exist: let a device item make it",
                              user.home, user.name));
}

}  // namespace

StatusOr<UserAccount> FindUserAccount(const TargetRoot& target, const std::string& user) {
  if (user.empty()) {
    return FailedPrecondition(
        "nobody has signed in whose step this could be: let the user sign in, or make it the "
        "device's (context: device)");
  }
  const std::string shown = EscapeForLog(user, kNameBytesMax);
  if (!IsName(user)) return NotFound(shown + ", who signed in, is no name of an account");
  ASSIGN_OR_RETURN(auto found, FindByRule(target, user));
  if (!found) {
    return NotFound(fmt::format(
        "this device has no account {}: make it or join its directory in a device item, or name "
        "the domain in {}",
        shown, kAccountDomainsPath));
  }
  RETURN_IF_ERROR(CheckIsUsers(*found));
  RETURN_IF_ERROR(CheckHome(*found));
  return *std::move(found);
}

std::vector<std::string> InEnvironmentOf(const UserAccount& user,
                                         std::vector<std::string> environment) {
  std::erase_if(environment, [](const std::string& entry) { return entry.starts_with("HOME="); });
  environment.push_back("HOME=" + user.home);
  environment.push_back("USER=" + user.name);
  environment.push_back("LOGNAME=" + user.name);
  return environment;
}

}  // namespace preseal::agent::steps
