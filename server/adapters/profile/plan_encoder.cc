// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/plan_encoder.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "server/adapters/profile/builtin_steps.h"
#include "server/wire/wire_plan.h"
#include "server/wire/wire_time.h"

namespace preseal::server {

namespace plv1 = plan::v1;
namespace pv1 = progress::v1;

namespace {

void Fill(const EspSettings& esp, plv1::EspSettings* out) {
  out->set_show_progress(esp.show_progress);
  SetDuration(esp.timeout, out->mutable_timeout());
  out->set_error_message(esp.error_message);
  out->set_allow_log_collection(esp.allow_log_collection);
  out->set_only_out_of_box(esp.only_out_of_box);
  out->set_install_quality_updates(esp.install_quality_updates);
  out->set_block_use(esp.block_use);
  out->set_allow_reset(esp.allow_reset);
  out->set_allow_use_on_error(esp.allow_use_on_error);
  out->set_block_retry(esp.block_retry);
  for (const Mention& item : esp.blocking_items) out->add_blocking_items(item.id);
  out->set_only_fail_selected(esp.only_fail_selected);
}

void Fill(const StepGroup& group, plv1::Group* out) {
  out->set_name(group.name);
  out->set_max_in_flight(group.max_in_flight);
  out->set_on_failure(static_cast<plv1::Group::OnFailure>(group.on_failure));
  for (const Mention& after : group.after) out->add_after(after.id);
  out->set_teardown(group.teardown);
}

void FillSettings(const EffectivePlan& plan, plv1::Plan* out) {
  const ProfileSettings& profile = plan.profile;
  out->set_profile(profile.id);
  out->set_profile_version(profile.version);
  out->set_flow(static_cast<pv1::Flow>(plan.flow));
  out->set_mode(static_cast<plv1::Mode>(profile.mode));
  Fill(profile.esp, out->mutable_esp());
  for (const StepGroup& group : profile.step_groups) Fill(group, out->add_groups());
  out->set_device_name(plan.device_name);
  out->set_reboots_max(profile.reboots_max);
  if (profile.device_setup_timeout.count() > 0) {
    SetDuration(profile.device_setup_timeout, out->mutable_device_setup_timeout());
  }
  if (plan.flow != Flow::kUser) return;
  SetOutOfBox(profile.out_of_box, out->mutable_out_of_box());
  if (profile.account_setup_timeout.count() > 0) {
    SetDuration(profile.account_setup_timeout, out->mutable_account_setup_timeout());
  }
}

Status FillStep(const EffectivePlan& plan, const PlannedItem& item, plv1::Step* out) {
  if (item.builtin != Builtin::kNone) {
    *out = BuiltinStep(item, plan.profile);
  } else if (!out->ParseFromString(ToString(ByteView(item.spec.step)))) {
    return Internal(fmt::format("the step of {} does not parse", item.spec.id));
  }
  out->set_category(static_cast<pv1::Category>(item.spec.category));
  out->set_phase(static_cast<pv1::Phase>(item.phase));
  out->set_gating(static_cast<pv1::Gating>(item.gating));
  for (const std::string& after : item.after) out->add_after(after);
  out->set_group(item.group);
  out->set_origin(item.reason);
  // The run ends first, and the agent refuses a promise it cannot keep.
  if (item.spec.total_timeout > plan.profile.esp.timeout) out->clear_total_timeout();
  if (item.spec.category == Category::kQualityUpdates) AddUpdateConditions(out);
  return OkStatus();
}

Item ProgressItem(const PlannedItem& item) {
  return {.item_id = *ItemId::Parse(item.spec.id),
          .display_name = item.spec.display_name,
          .phase = item.phase,
          .category = item.spec.category,
          .gating = item.gating,
          .origin = item.reason};
}

}  // namespace

StatusOr<plv1::Plan> ToProto(const EffectivePlan& plan) {
  plv1::Plan out;
  FillSettings(plan, &out);
  for (const PlannedItem& item : plan.items) {
    RETURN_IF_ERROR(FillStep(plan, item, out.add_steps()));
  }
  out.set_profile_digest(DigestOf(out));
  return out;
}

std::string DigestOf(const plv1::Plan& plan) {
  plv1::Plan bare = plan;
  bare.clear_profile_digest();
  bare.clear_profile_version();
  bare.clear_device_name();
  for (plv1::Step& step : *bare.mutable_steps()) step.clear_origin();
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  {
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // maps have no order of their own
    bare.SerializeToCodedStream(&coded);
  }
  return ToHex(crypto::Sha256(AsBytes(bytes)));
}

StatusOr<FrozenPlan> EncodePlan(const EffectivePlan& plan) {
  ASSIGN_OR_RETURN(const plv1::Plan proto, ToProto(plan));
  FrozenPlan frozen{.profile = plan.profile.id,
                    .profile_digest = proto.profile_digest(),
                    .plan = ToBytes(proto.SerializeAsString()),
                    .flow = plan.flow,
                    .profile_version = plan.profile.version,
                    .device_name = plan.device_name,
                    .device_setup_timeout = plan.profile.device_setup_timeout,
                    .account_setup_timeout = plan.profile.account_setup_timeout,
                    .esp = plan.profile.esp,
                    .mode = plan.profile.mode};
  for (const PlannedItem& item : plan.items) frozen.items.push_back(ProgressItem(item));
  if (frozen.plan.size() > kPlanBytesMax) {
    return FailedPrecondition(
        fmt::format("the plan has {} bytes, more than {}: give long contents as source",
                    frozen.plan.size(), kPlanBytesMax));
  }
  return frozen;
}

}  // namespace preseal::server
