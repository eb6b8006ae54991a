// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/profile_views.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "server/wire/wire_time.h"

namespace preseal::server {

namespace prv1 = profile::v1;
namespace pv1 = progress::v1;

namespace {

constexpr size_t kSha256Bytes = 32;
constexpr DocumentKind kKinds[] = {DocumentKind::kDeploymentProfile, DocumentKind::kGroup,
                                   DocumentKind::kItem, DocumentKind::kAssignment};

std::string DocumentName(DocumentKind kind, std::string_view id) {
  return fmt::format("documents/{}/{}", PathOf(kind), id);
}

void ToProto(const DocumentChange& change, prv1::DocumentChange* out) {
  out->set_outcome(static_cast<prv1::DocumentChange::Outcome>(change.outcome));
  out->set_name(DocumentName(change.kind, change.id));
  out->set_version(change.version);
  for (const std::string& line : change.diff) out->add_diff(line);
  out->set_devices(change.devices);
}

// The preview says what a device gets, not every byte of it; a script may hold what not every
// role should read.
void LeaveContentOut(plan::v1::Plan* plan) {
  for (plan::v1::Step& step : *plan->mutable_steps()) {
    if (step.file().has_content()) step.mutable_file()->clear_content();
    step.clear_undo_command();
    step.clear_requires_script();
    if (step.has_script()) step.mutable_script()->Clear();
    if (step.has_certificate()) step.mutable_certificate()->clear_pem();
    if (step.has_network_profile()) step.mutable_network_profile()->clear_content();
    for (plan::v1::Input& input : *step.mutable_inputs()) input.clear_value();
  }
}

}  // namespace

StatusOr<ApplyInput> ToDomain(const prv1::ApplyRequest& request) {
  ApplyInput input{.validate_only = request.validate_only(), .prune = request.prune()};
  if (request.documents_size() > static_cast<int>(kDocumentsMax)) {
    return InvalidArgument(fmt::format("more than {} texts in one call", kDocumentsMax));
  }
  for (const auto& text : request.documents()) {
    if (text.text().size() > kDocumentBytesMax) {
      return InvalidArgument(fmt::format(
          "{}: more than {} bytes", text.file_name().substr(0, kUrlBytesMax), kDocumentBytesMax));
    }
    input.documents.push_back({text.file_name().substr(0, kUrlBytesMax), text.text()});
  }
  for (const auto& [source, artifact] : request.files()) {
    if (artifact.sha256().size() != kSha256Bytes) {
      return InvalidArgument("files: a digest must have 32 bytes");
    }
    input.files.push_back({source, ToBytes(artifact.sha256()), artifact.size()});
  }
  return input;
}

void ToProto(const ApplyAnswer& answer, const prv1::ApplyRequest& request,
             prv1::ApplyResponse* out) {
  out->set_applied(answer.applied);
  for (const DocumentChange& change : answer.changes) ToProto(change, out->add_changes());
  for (const Mistake& mistake : answer.mistakes) {
    auto* one = out->add_mistakes();
    one->set_file_name(mistake.place.file);
    one->set_line(mistake.place.line);
    one->set_column(mistake.place.column);
    one->set_message(mistake.message);
  }
  for (const MissingSource& missing : answer.missing) {
    auto* one = out->add_missing_files();
    one->set_file_name(missing.place.file);
    one->set_line(missing.place.line);
    one->set_source(missing.source);
    const auto named = request.files().find(missing.source);
    if (named != request.files().end()) one->set_sha256(named->second.sha256());
  }
  for (const std::string& warning : answer.warnings) out->add_warnings(warning);
}

void ToProto(const StoredDocument& document, prv1::Document* out) {
  out->set_name(DocumentName(document.kind, document.id));
  out->set_kind(std::string(NameOf(document.kind)));
  out->set_id(document.id);
  out->set_version(document.version);
  out->set_text(document.text);
  out->set_digest(ToHex(ByteView(document.digest)));
  out->set_actor(document.actor);
  SetTime(document.create_time, out->mutable_create_time());
  SetTime(document.update_time, out->mutable_update_time());
  out->set_deleted(document.deleted);
}

StatusOr<std::pair<DocumentKind, std::string>> ParseDocumentName(std::string_view name) {
  for (const DocumentKind kind : kKinds) {
    const std::string prefix = DocumentName(kind, "");
    if (!name.starts_with(prefix)) continue;
    const std::string_view id = name.substr(prefix.size());
    RETURN_IF_ERROR_CTX(ItemId::Parse(id).status(), "name");
    return std::pair(kind, std::string(id));
  }
  return InvalidArgument("a document's name is documents/KIND/ID, such as documents/group/sales");
}

StatusOr<DocumentKind> ParseDocumentKind(std::string_view name) {
  for (const DocumentKind kind : kKinds) {
    if (name == NameOf(kind)) return kind;
  }
  return InvalidArgument("a kind is DeploymentProfile, Group, Item or Assignment");
}

Status ToProto(const EffectivePlan& plan, const FrozenPlan& frozen, prv1::EffectivePlan* out) {
  if (!out->mutable_plan()->ParseFromString(ToString(ByteView(frozen.plan)))) {
    return Internal("a plan just made does not parse");
  }
  LeaveContentOut(out->mutable_plan());
  for (const ProfileVerdict& verdict : plan.profiles) {
    auto* one = out->add_profiles();
    one->set_profile(verdict.profile);
    one->set_version(verdict.version);
    one->set_chosen(verdict.chosen);
    one->set_reason(verdict.reason);
  }
  for (const PlannedItem& item : plan.items) {
    auto* one = out->add_items();
    one->set_item_id(item.spec.id);
    one->set_display_name(item.spec.display_name);
    one->set_phase(static_cast<pv1::Phase>(item.phase));
    one->set_category(static_cast<pv1::Category>(item.spec.category));
    one->set_gating(static_cast<pv1::Gating>(item.gating));
    one->set_reason(item.reason);
    one->set_gating_reason(item.gating_reason);
    for (const std::string& after : item.after) one->add_after(after);
  }
  for (const LeftOutItem& item : plan.left_out) {
    auto* one = out->add_left_out();
    one->set_item_id(item.id);
    one->set_display_name(item.display_name);
    one->set_reason(item.reason);
  }
  for (const std::string& group : plan.groups) out->add_groups(group);
  for (const std::string& warning : plan.warnings) out->add_warnings(warning);
  out->set_device_name(plan.device_name);
  return OkStatus();
}

}  // namespace preseal::server
