// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/builtin_steps.h"

#include <chrono>

#include "server/adapters/profile/reading.h"
#include "server/wire/wire_time.h"

namespace preseal::server {
namespace {

namespace plv1 = plan::v1;
using std::chrono_literals::operator""min;

constexpr std::chrono::milliseconds kSetNameTimeout = 1min;
constexpr std::chrono::milliseconds kJoinTimeout = 10min;     // a directory may be slow
constexpr std::chrono::milliseconds kUpdatesTimeout = 60min;  // Windows' own take 20 to 40
constexpr uint32_t kJoinAttempts = 3;
constexpr uint32_t kUpdateAttempts = 2;

// What the agent was told counts first, then what NetworkManager knows of the links; without either
// nothing is known to be metered.
constexpr char kUpdateConditions[] = R"([ "$PRESEAL_TARGET_ROOT" = / ] || exit 1
[ "${PRESEAL_METERED:-0}" = 0 ] || exit 1
if command -v nmcli >/dev/null 2>&1; then
  nmcli --terse --fields GENERAL.METERED device show 2>/dev/null | grep -q ':yes' && exit 1
fi
)";

constexpr char kUpdatesDetect[] = R"(apt-get -qq update || exit 1
! apt-get -s upgrade | grep -q '^Inst ')";
constexpr char kUpdatesApply[] =
    "DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold upgrade";
constexpr char kUpdatesVerify[] = "! apt-get -s upgrade | grep -q '^Inst '";

void FillUpdates(plv1::Step* step) {
  step->set_attempts(kUpdateAttempts);
  step->set_installer_lock(true);
  SetDuration(kUpdatesTimeout, step->mutable_timeout());
  step->set_requires_script("command -v apt-get >/dev/null\n");
  auto* script = step->mutable_script();
  script->set_detect(kUpdatesDetect);
  script->set_apply(kUpdatesApply);
  script->set_verify(kUpdatesVerify);
}

}  // namespace

plv1::Step BuiltinStep(const PlannedItem& item, const ProfileSettings& profile) {
  plv1::Step step;
  step.set_item_id(item.spec.id);
  step.set_display_name(item.spec.display_name);
  step.set_attempts(1);
  step.set_undo(plv1::Step::UNDO_REIMAGE);
  switch (item.builtin) {
    case Builtin::kNone:
      break;
    case Builtin::kSetName:
      SetDuration(kSetNameTimeout, step.mutable_timeout());
      step.mutable_set_name();
      break;
    case Builtin::kOfflineJoin:
      step.set_attempts(kJoinAttempts);
      SetDuration(kJoinTimeout, step.mutable_timeout());
      step.mutable_offline_join()->set_domain(profile.join.domain);
      break;
    case Builtin::kDomainJoin:
      step.set_attempts(kJoinAttempts);
      SetDuration(kJoinTimeout, step.mutable_timeout());
      step.mutable_domain_join()->set_domain(profile.join.domain);
      break;
    case Builtin::kQualityUpdates:
      FillUpdates(&step);
      break;
  }
  return step;
}

void AddUpdateConditions(plv1::Step* step) {
  step->set_requires_script(kUpdateConditions + step->requires_script());
}

}  // namespace preseal::server
