// SPDX-License-Identifier: Apache-2.0
// The half of RunCodec that reads plans.
#include <algorithm>
#include <chrono>

#include "agent/adapters/grpc/run_codec.h"
#include "common/base/limits.h"
#include "preseal/plan/v1/plan.pb.h"

namespace preseal::agent {
namespace {

namespace wire = plan::v1;
namespace esp = progress::v1;

StatusOr<Category> FromWire(esp::Category category) {
  switch (category) {
    case esp::CATEGORY_HARDWARE:
      return Category::kHardware;
    case esp::CATEGORY_JOIN:
      return Category::kJoin;
    case esp::CATEGORY_MANAGEMENT:
      return Category::kManagement;
    case esp::CATEGORY_POLICIES:
      return Category::kPolicies;
    case esp::CATEGORY_CERTIFICATES:
      return Category::kCertificates;
    case esp::CATEGORY_NETWORK:
      return Category::kNetwork;
    case esp::CATEGORY_APPS:
      return Category::kApps;
    default:
      return InvalidArgument("category unknown");
  }
}

StatusOr<Gating> FromWire(esp::Gating gating) {
  switch (gating) {
    case esp::GATING_BLOCKING:
      return Gating::kBlocking;
    case esp::GATING_TRACKED:
      return Gating::kTracked;
    case esp::GATING_BACKGROUND:
      return Gating::kBackground;
    default:
      return InvalidArgument("gating unknown");
  }
}

StatusOr<ExitMeaning> FromWire(wire::ExitCodeRule::Result result) {
  switch (result) {
    case wire::ExitCodeRule::RESULT_SUCCESS:
      return ExitMeaning::kSuccess;
    case wire::ExitCodeRule::RESULT_RETRY:
      return ExitMeaning::kRetry;
    case wire::ExitCodeRule::RESULT_FAIL:
      return ExitMeaning::kFail;
    default:
      return InvalidArgument("exit code result unknown");
  }
}

StatusOr<Artifact> FromWire(const wire::Artifact& in) {
  Artifact artifact;
  if (in.sha256().size() != artifact.sha256.size()) {
    return InvalidArgument("artefact digest must have 32 bytes");
  }
  std::copy(in.sha256().begin(), in.sha256().end(), artifact.sha256.begin());
  artifact.size = in.size();
  artifact.file_name = in.file_name();
  return artifact;
}

StatusOr<StepAction> FromWire(const wire::FileStep& in) {
  FileStep file{in.path(), in.mode(), Bytes{}};
  switch (in.source_case()) {
    case wire::FileStep::kContent:
      file.source = ToBytes(in.content());
      break;
    case wire::FileStep::kArtifact: {
      ASSIGN_OR_RETURN(file.source, FromWire(in.artifact()));
      break;
    }
    case wire::FileStep::SOURCE_NOT_SET:
      return InvalidArgument("file has neither content nor artefact");
  }
  return StepAction(std::move(file));
}

StatusOr<StepAction> FromWire(const wire::NetworkProfileStep& in) {
  NetworkProfileStep network{in.name(), NetworkProfileStep::Format::kSystemdNetworkd, in.content()};
  switch (in.format()) {
    case wire::NetworkProfileStep::FORMAT_SYSTEMD_NETWORKD:
      return StepAction(std::move(network));
    case wire::NetworkProfileStep::FORMAT_NETWORKMANAGER_KEYFILE:
      network.format = NetworkProfileStep::Format::kNetworkManagerKeyfile;
      return StepAction(std::move(network));
    default:
      return InvalidArgument("network profile format unknown");
  }
}

StatusOr<StepAction> FromWire(const wire::PackageStep& in) {
  PackageStep package;
  switch (in.format()) {
    case wire::PackageStep::FORMAT_DEB:
      package.format = PackageStep::Format::kDeb;
      break;
    case wire::PackageStep::FORMAT_TAR_ZST:
      package.format = PackageStep::Format::kTarZst;
      break;
    default:
      return InvalidArgument("package format unknown");
  }
  ASSIGN_OR_RETURN(package.artifact, FromWire(in.artifact()));
  package.package_name = in.package_name();
  package.package_version = in.package_version();
  package.destination = in.destination();
  return StepAction(std::move(package));
}

StatusOr<StepAction> ActionOf(const wire::Step& in) {
  switch (in.kind_case()) {
    case wire::Step::kFile:
      return FromWire(in.file());
    case wire::Step::kScript:
      return StepAction(
          ScriptStep{in.script().detect(), in.script().apply(), in.script().verify()});
    case wire::Step::kCertificate:
      return StepAction(CertificateStep{in.certificate().path(), ToBytes(in.certificate().pem())});
    case wire::Step::kNetworkProfile:
      return FromWire(in.network_profile());
    case wire::Step::kPackage:
      return FromWire(in.package());
    case wire::Step::KIND_NOT_SET:
      break;
  }
  return InvalidArgument("kind unknown to this agent");
}

// Seconds beyond the limit are cut before they are multiplied: a huge value must be refused by
// CheckPlan, not overflow here.
std::chrono::milliseconds FromWire(const google::protobuf::Duration& duration) {
  const int64_t most = std::chrono::seconds(kStepTimeoutMax).count() + 1;
  const int64_t seconds = std::clamp<int64_t>(duration.seconds(), -1, most);
  return std::chrono::seconds(seconds) + std::chrono::milliseconds(duration.nanos() / 1'000'000);
}

StatusOr<Step> FromWire(const wire::Step& in) {
  Step step;
  step.item_id = in.item_id();
  step.display_name = in.display_name();
  ASSIGN_OR_RETURN(step.category, FromWire(in.category()));
  ASSIGN_OR_RETURN(step.gating, FromWire(in.gating()));
  step.after.assign(in.after().begin(), in.after().end());
  step.timeout = FromWire(in.timeout());
  step.attempts = in.attempts();
  for (const wire::ExitCodeRule& rule : in.exit_codes()) {
    ASSIGN_OR_RETURN(const ExitMeaning meaning, FromWire(rule.result()));
    step.exit_codes.push_back({rule.code(), meaning});
  }
  ASSIGN_OR_RETURN(step.action, ActionOf(in));
  return step;
}

}  // namespace

StatusOr<Plan> RunCodec::DecodePlan(ByteView bytes) const {
  wire::Plan in;
  if (bytes.size() > kPlanBytesMax) return InvalidArgument("plan over kPlanBytesMax");
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("plan does not parse");
  }
  Plan plan{in.profile(), in.profile_digest(), {}};
  for (const wire::Step& step : in.steps()) {
    ASSIGN_OR_RETURN_CTX(Step converted, FromWire(step),
                         "item " + EscapeForLog(step.item_id(), kItemIdBytesMax));
    plan.steps.push_back(std::move(converted));
  }
  return plan;
}

}  // namespace preseal::agent
