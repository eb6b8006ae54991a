// SPDX-License-Identifier: Apache-2.0
// What the steps of a plan do.
#include <algorithm>

#include "agent/adapters/grpc/plan_wire.h"
#include "agent/adapters/grpc/wire_values.h"

namespace preseal::agent {
namespace {

namespace wire = plan::v1;

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

StepAction FromWire(const wire::PromptStep& in) {
  PromptStep prompt;
  for (const auto& [language, text] : in.text()) prompt.text.emplace(language, text);
  prompt.choices.assign(in.choices().begin(), in.choices().end());
  prompt.pattern = in.pattern();
  prompt.answer_path = in.answer_path();
  return prompt;
}

}  // namespace

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
    case wire::Step::kPrompt:
      return FromWire(in.prompt());
    case wire::Step::kWait:
      return StepAction(WaitStep{ReadDuration(in.wait().duration())});
    case wire::Step::kReboot:
      return StepAction(RebootStep{});
    case wire::Step::kSetName:
      return StepAction(SetNameStep{});
    case wire::Step::kOfflineJoin:
      return StepAction(OfflineJoinStep{in.offline_join().domain()});
    case wire::Step::kDomainJoin:
      return StepAction(DomainJoinStep{in.domain_join().domain()});
    case wire::Step::KIND_NOT_SET:
      break;
  }
  return InvalidArgument("kind unknown to this agent");
}

}  // namespace preseal::agent
