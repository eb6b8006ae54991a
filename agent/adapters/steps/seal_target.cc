// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/adapters/steps/hand_over.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace preseal::agent::steps {
namespace {

constexpr char kBirthCertificate[] = "/var/lib/preseal/birth-certificate.jws";
constexpr char kFirstBoot[] = "/var/lib/preseal/first-boot.json";

class FileSealTarget final : public SealTarget {
 public:
  FileSealTarget(TargetRoot& target, SealPaths paths, std::optional<HandOver> hand_over)
      : target_(target), paths_(std::move(paths)), hand_over_(std::move(hand_over)) {}

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
    RETURN_IF_ERROR_CTX(HandOverAgent(), "lay down the user flow");
    // Last: whoever finds it finds the rest too.
    const nlohmann::ordered_json json = {{"version", 1},
                                         {"phase", "account-setup"},
                                         {"device_id", first_boot.device_id},
                                         {"run_id", first_boot.run_id},
                                         {"seal_command_id", first_boot.command_id}};
    return target_.WriteBytes(kFirstBoot, 0644, AsBytes(json.dump(2) + "\n"));
  }

 private:
  // Looked for only now: a step of the run may have installed the program.
  Status HandOverAgent() {
    if (!hand_over_) return OkStatus();
    if (hand_over_->only_if_there) {
      ASSIGN_OR_RETURN(const auto program, target_.Look(hand_over_->agent_program));
      if (!program) {
        log::Info("no user flow is laid down: the target has no agent",
                  {{"path", hand_over_->agent_program}});
        return OkStatus();
      }
    }
    return LayDownUserFlow(target_, *hand_over_);
  }

  TargetRoot& target_;
  const SealPaths paths_;
  const std::optional<HandOver> hand_over_;
};

}  // namespace

std::unique_ptr<SealTarget> MakeSealTarget(TargetRoot& target, SealPaths paths) {
  return std::make_unique<FileSealTarget>(target, std::move(paths), std::nullopt);
}

std::unique_ptr<SealTarget> MakeSealTarget(TargetRoot& target, SealPaths paths,
                                           HandOver hand_over) {
  return std::make_unique<FileSealTarget>(target, std::move(paths), std::move(hand_over));
}

}  // namespace preseal::agent::steps
