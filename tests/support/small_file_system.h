// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>

namespace preseal::test {

// A file system in memory that is soon full, mounted on a folder that exists until this is dropped.
// Only the thread that makes it, and what it starts from then on, see it: it is in a mount
// namespace of its own, as root or as root of a user namespace.
class SmallFileSystem {
 public:
  // size: as tmpfs takes it, "1m"
  SmallFileSystem(std::string folder, const std::string& size) : folder_(std::move(folder)) {
    const std::string options = "size=" + size;
    mounted_ = EnterNamespace() &&
               ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("preseal", folder_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }

  // False where this user may not: the test is to be skipped, with kWhyNot.
  bool mounted() const { return mounted_; }
  static constexpr char kWhyNot[] = "FULL DISK NOT TESTED: this user may not mount a tmpfs";

 private:
  static bool EnterNamespace() {
    const auto uid = ::geteuid();
    const auto gid = ::getegid();
    if (::unshare(CLONE_NEWNS) == 0) return true;
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
    return ::geteuid() == 0;
  }

  const std::string folder_;
  bool mounted_ = false;
};

}  // namespace preseal::test
