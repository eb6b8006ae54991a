// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/diagnostics/run_files.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "agent/domain/redact.h"
#include "common/base/limits.h"
#include "preseal/plan/v1/plan.pb.h"
#include "preseal/progress/v1/progress.pb.h"

namespace preseal::agent {
namespace {

namespace pv1 = progress::v1;
constexpr size_t kReadBytes = 1024 * 1024;

std::string LineOf(const LoggedEvent& logged) {
  pv1::Event event;
  if (!event.ParseFromArray(logged.event.data(), static_cast<int>(logged.event.size()))) {
    return "{\"damaged\":true}\n";
  }
  event.set_sequence(logged.sequence);
  if (event.has_prompt_answered()) {
    event.mutable_prompt_answered()->set_answer(std::string(kRemoved));
  }
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(event, &json).ok()) {
    return "{\"damaged\":true}\n";
  }
  return json + "\n";
}

bool PlanOf(const RunLog& log, plan::v1::Plan* plan) {
  const Bytes& bytes = log.header().plan;
  return plan->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// What comes after the name of the kind of step in its oneof.
std::string KindOf(const plan::v1::Step& step) {
  const auto* oneof = step.GetDescriptor()->FindOneofByName("kind");
  const auto* field =
      oneof == nullptr ? nullptr : step.GetReflection()->GetOneofFieldDescriptor(step, oneof);
  return field == nullptr ? "" : field->name();
}

}  // namespace

StatusOr<std::string> EventsText(RunLog& log) {
  std::string text;
  const uint64_t acked = log.acked();
  for (const LoggedEvent& logged : log.Latest()) {
    if (logged.sequence <= acked) text += LineOf(logged);
  }
  uint64_t after = acked;
  while (text.size() < kDiagnosticsFileBytesMax) {
    ASSIGN_OR_RETURN(const auto events, log.Read(after, kEventBatchMax, kReadBytes));
    if (events.empty()) break;
    for (const LoggedEvent& logged : events) text += LineOf(logged);
    after = events.back().sequence;
  }
  return text;
}

std::string PlanText(const RunLog& log) {
  plan::v1::Plan plan;
  if (!PlanOf(log, &plan)) return "{\"damaged\": true}\n";
  nlohmann::ordered_json out = {{"profile", plan.profile()},
                                {"profile_version", plan.profile_version()},
                                {"profile_digest", plan.profile_digest()},
                                {"device_name", plan.device_name()},
                                {"steps", nlohmann::ordered_json::array()}};
  for (const plan::v1::Step& step : plan.steps()) {
    nlohmann::ordered_json item = {{"item", step.item_id()},
                                   {"name", step.display_name()},
                                   {"kind", KindOf(step)},
                                   {"gating", pv1::Gating_Name(step.gating())},
                                   {"phase", pv1::Phase_Name(step.phase())},
                                   {"timeout_s", step.timeout().seconds()},
                                   {"attempts", step.attempts()},
                                   {"group", step.group()},
                                   {"token", step.token()},
                                   {"origin", step.origin()}};
    for (const std::string& after : step.after()) item["after"].push_back(after);
    for (const auto& input : step.inputs()) item["inputs"][input.name()] = kRemoved;
    out["steps"].push_back(std::move(item));
  }
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<std::string> SecretsOf(const RunLog& log) {
  std::vector<std::string> secrets;
  plan::v1::Plan plan;
  if (!PlanOf(log, &plan)) return secrets;
  for (const plan::v1::Step& step : plan.steps()) {
    for (const auto& input : step.inputs()) {
      // "true" and numbers say nothing, and would be removed from everywhere.
      if (input.type() == plan::v1::Input::TYPE_STRING) secrets.push_back(input.value());
    }
  }
  return secrets;
}

}  // namespace preseal::agent
