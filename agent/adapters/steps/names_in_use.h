// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

#include "common/status/status.h"

namespace preseal::agent::steps {

// Which names of which folders are being replaced: two steps at once on one name would share a
// temporary file and leave a mixture. The second is refused rather than made to wait, because the
// first may take as long as a download. Thread-safe.
class NamesInUse : public std::enable_shared_from_this<NamesInUse> {
 public:
  // Frees the name at its end.
  class Claim {
   public:
    using Key = std::tuple<dev_t, ino_t, std::string>;
    Claim(std::shared_ptr<NamesInUse> owner, Key key)
        : owner_(std::move(owner)), key_(std::move(key)) {}
    Claim(Claim&&) = default;
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (owner_) owner_->Free(key_);
    }

   private:
    std::shared_ptr<NamesInUse> owner_;
    Key key_;
  };

  // Aborted: somebody else is at it.
  StatusOr<Claim> Take(int folder, const std::string& name) {
    struct stat info {};
    if (::fstat(folder, &info) != 0) return Internal("stat of a folder in the target failed");
    Claim::Key key{info.st_dev, info.st_ino, name};
    const std::lock_guard lock(mutex_);
    if (!names_.insert(key).second) {
      return Aborted("another step writes this file in the target: " + name);
    }
    return Claim(shared_from_this(), std::move(key));
  }

 private:
  void Free(const Claim::Key& key) {
    const std::lock_guard lock(mutex_);
    names_.erase(key);
  }

  std::mutex mutex_;
  std::set<Claim::Key> names_;
};

}  // namespace preseal::agent::steps
