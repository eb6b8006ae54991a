// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "agent/adapters/steps/executor.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr char kBirthCertificate[] = "/var/lib/preseal/birth-certificate.jws";
constexpr char kFirstBoot[] = "/var/lib/preseal/first-boot.json";

class FileSealTarget final : public SealTarget {
 public:
  FileSealTarget(TargetRoot& target, SealPaths paths) : target_(target), paths_(std::move(paths)) {}

  Status StoreBirthCertificate(std::string_view jws) override {
    RETURN_IF_ERROR(target_.WriteBytes(kBirthCertificate, 0644, AsBytes(jws)));
    return files::WriteAtomic(paths_.state_directory + "/birth-certificate.jws", AsBytes(jws),
                              0644);
  }

  // Removed, not overwritten: on flash and journaling file systems overwriting proves nothing.
  Status ScrubSecrets() override {
    for (const std::string& secret : paths_.secrets) RETURN_IF_ERROR(files::RemoveTree(secret));
    return OkStatus();
  }

  Status ArmFirstBoot(const FirstBoot& first_boot) override {
    const nlohmann::ordered_json json = {{"version", 1},
                                         {"phase", "account-setup"},
                                         {"device_id", first_boot.device_id},
                                         {"run_id", first_boot.run_id},
                                         {"seal_command_id", first_boot.command_id}};
    return target_.WriteBytes(kFirstBoot, 0644, AsBytes(json.dump(2) + "\n"));
  }

 private:
  TargetRoot& target_;
  const SealPaths paths_;
};

}  // namespace

std::unique_ptr<SealTarget> MakeSealTarget(TargetRoot& target, SealPaths paths) {
  return std::make_unique<FileSealTarget>(target, std::move(paths));
}

}  // namespace preseal::agent::steps
