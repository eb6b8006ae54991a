// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/diagnostics/run_files.h"

#include <google/protobuf/util/json_util.h>

#include <map>
#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "preseal/plan/v1/plan.pb.h"
#include "preseal/progress/v1/progress.pb.h"

namespace preseal::agent {
namespace {

namespace pv1 = progress::v1;
constexpr size_t kReadBytes = 1024 * 1024;
constexpr char kDamagedLine[] = "{\"damaged\":true}\n";

constexpr std::string_view kCutLine = "{\"cut\":true}\n";

// Before it is encoded: a value that is taken out of JSON text may take the end of its object
// along.
void CleanTexts(nlohmann::ordered_json& value, const Redactor& redactor) {
  if (value.is_string()) value = redactor.Clean(value.get_ref<const std::string&>());
  if (!value.is_structured()) return;
  for (auto& element : value) CleanTexts(element, redactor);
}

std::string TextOf(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Makes the lines of one run, in the order of its events.
class EventLines {
 public:
  explicit EventLines(const Redactor& redactor) : redactor_(redactor) {}

  // False when it did not fit any more.
  bool Add(const LoggedEvent& logged) {
    const std::string line = LineOf(logged);
    const bool fits = text_.size() + line.size() + kCutLine.size() <= kDiagnosticsFileBytesMax;
    text_ += fits ? line : kCutLine;
    return fits;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string LineOf(const LoggedEvent& logged) {
    pv1::Event event;
    std::string json;
    if (!event.ParseFromArray(logged.event.data(), static_cast<int>(logged.event.size()))) {
      return kDamagedLine;
    }
    event.set_sequence(logged.sequence);
    if (event.has_prompt_answered()) {
      event.mutable_prompt_answered()->set_answer(std::string(kRemoved));
    }
    if (event.has_log_line()) {
      pv1::LogLine& line = *event.mutable_log_line();
      line.set_text(redactor_.Clean(line.text(), inside_key_[line.item_id()]));
    }
    if (!google::protobuf::util::MessageToJsonString(event, &json).ok()) return kDamagedLine;
    auto value = nlohmann::ordered_json::parse(json, nullptr, false);
    CleanTexts(value, redactor_);
    return TextOf(value, -1);
  }

  const Redactor& redactor_;
  std::map<std::string, bool>
      inside_key_;  // of an item's log: a key may be printed over many lines
  std::string text_;
};

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

StatusOr<std::string> EventsText(RunLog& log, const Redactor& redactor) {
  EventLines lines(redactor);
  uint64_t after = log.acked();
  for (const LoggedEvent& logged : log.Latest()) {
    if (logged.sequence <= after && !lines.Add(logged)) return lines.Take();
  }
  while (true) {
    ASSIGN_OR_RETURN(const auto events, log.Read(after, kEventBatchMax, kReadBytes));
    if (events.empty()) return lines.Take();
    for (const LoggedEvent& logged : events) {
      if (!lines.Add(logged)) return lines.Take();
    }
    after = events.back().sequence;
  }
}

std::string PlanText(const RunLog& log, const Redactor& redactor) {
  plan::v1::Plan plan;
  if (!PlanOf(log, &plan)) return kDamagedLine;
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
  CleanTexts(out, redactor);
  return TextOf(out, 2);
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
