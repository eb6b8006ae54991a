// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only: both halves of a hybrid join, docs/hybrid-join.md.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/adapters/steps/join_blob.h"
#include "agent/adapters/steps/net_program.h"
#include "agent/adapters/steps/script_step.h"
#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/join_source.h"
#include "agent/service/run/step_executor.h"

namespace preseal::agent::steps {

// Technician flow: the blob, whole, in the target at kJoinBlobPath, 0600. No domain controller is
// needed or asked. User flow: `net offlinejoin requestodj` and `net ads testjoin` in the target;
// once a controller has confirmed the join, the blob is gone and kJoinedNotePath says who we are.
// A device that has joined under the same name is not given another blob: a new one would void the
// password it works with. Thread-safe as far as `target` is.
class JoinSteps {
 public:
  static constexpr char kJoinBlobPath[] = "/var/lib/preseal/offline-join.blob";
  static constexpr char kJoinedNotePath[] = "/var/lib/preseal/domain-join.json";

  // `source` may be null: then nothing can be fetched.
  JoinSteps(TargetRoot& target, JoinSource* source, CommandSettings settings,
            std::string net_program)
      : target_(target),
        source_(source),
        net_(target, std::move(settings), std::move(net_program)) {}

  StepResult Check(const OfflineJoinStep& join);
  StepResult Apply(const Step& step, const OfflineJoinStep& join, StepObserver& observer,
                   std::stop_token stop);
  // Asks a domain controller.
  StepResult Check(const Step& step, const DomainJoinStep& join, StepObserver& observer,
                   std::stop_token stop);
  StepResult Apply(const Step& step, const DomainJoinStep& join, StepObserver& observer,
                   std::stop_token stop);

 private:
  StepResult Settle(const Membership& membership);
  StatusOr<std::optional<Bytes>> ReadIfThere(const std::string& path) const;
  StatusOr<std::optional<Membership>> Joined() const;

  TargetRoot& target_;
  JoinSource* const source_;
  NetProgram net_;
};

}  // namespace preseal::agent::steps
