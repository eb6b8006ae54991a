// SPDX-License-Identifier: Apache-2.0
// What each kind of step must be.
#include <algorithm>
#include <string>

#include "agent/domain/plan_check.h"
#include "agent/domain/plan_parts.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr uint32_t kModeMask = 07777;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// It becomes a file name: no separators, and no leading dot, which would also allow "..".
Status CheckNetworkName(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kNetworkNameBytesMax && name[0] != '.' &&
                    std::all_of(name.begin(), name.end(), IsNameCharacter);
  return good ? OkStatus()
              : InvalidArgument("name must be 1..64 of [A-Za-z0-9._-], not starting with a dot");
}

// Debian Policy, section "Source" and "Version" of control fields: a leading dash would read as an
// option of dpkg.
Status CheckPackageField(std::string_view field, std::string_view value, std::string_view extra) {
  const auto allowed = [extra](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' ||
           extra.find(c) != std::string_view::npos;
  };
  if (!value.empty() && value.size() <= kNameBytesMax && value[0] != '-' && value[0] != '.' &&
      std::all_of(value.begin(), value.end(), allowed)) {
    return OkStatus();
  }
  return InvalidArgument(std::string(field) + " is not as Debian Policy allows");
}

Status CheckArtifact(const Artifact& artifact) {
  if (artifact.size > kArtifactBytesMax) return InvalidArgument("artefact over kArtifactBytesMax");
  return OkStatus();
}

Status CheckAction(const Step&, const FileStep& file) {
  RETURN_IF_ERROR_CTX(CheckTargetPath(file.path), "path");
  if ((file.mode & ~kModeMask) != 0) return InvalidArgument("mode over 07777");
  if (const auto* artifact = std::get_if<Artifact>(&file.source)) return CheckArtifact(*artifact);
  if (std::get<Bytes>(file.source).size() > kInlineContentBytesMax) {
    return InvalidArgument("content over kInlineContentBytesMax");
  }
  return OkStatus();
}

Status CheckAction(const Step& step, const ScriptStep& script) {
  const size_t longest =
      std::max({script.detect.size(), script.apply.size(), script.verify.size()});
  if (longest > kInlineContentBytesMax) return InvalidArgument("script over 256 KiB");
  if (script.apply.empty()) return InvalidArgument("apply is empty");
  // Without a verify it could never count for the seal, and would end in a lie.
  if (script.verify.empty() && step.gating == Gating::kBlocking) {
    return InvalidArgument("verify is empty, but the item is blocking");
  }
  return OkStatus();
}

Status CheckAction(const Step&, const CertificateStep& certificate) {
  RETURN_IF_ERROR_CTX(CheckTargetPath(certificate.path), "path");
  if (certificate.pem.empty() || certificate.pem.size() > kInlineContentBytesMax) {
    return InvalidArgument("pem must be 1..256 KiB");
  }
  return OkStatus();
}

Status CheckAction(const Step&, const NetworkProfileStep& network) {
  RETURN_IF_ERROR(CheckNetworkName(network.name));
  if (network.content.empty() || network.content.size() > kInlineContentBytesMax) {
    return InvalidArgument("content must be 1..256 KiB");
  }
  return OkStatus();
}

Status CheckAction(const Step&, const PackageStep& package) {
  RETURN_IF_ERROR(CheckArtifact(package.artifact));
  switch (package.format) {
    case PackageStep::Format::kDeb:
      RETURN_IF_ERROR(CheckPackageField("package_name", package.package_name, ""));
      return CheckPackageField("package_version", package.package_version,
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ:~");
    case PackageStep::Format::kTarZst:
      RETURN_IF_ERROR_CTX(CheckTargetPath(package.destination), "destination");
      return OkStatus();
  }
  return InvalidArgument("package format unknown");
}

Status CheckPromptTexts(const PromptStep& prompt) {
  const auto english = prompt.text.find("en");
  if (english == prompt.text.end() || english->second.empty()) {
    return InvalidArgument("text needs \"en\"");
  }
  for (const auto& [language, text] : prompt.text) {
    if (language.empty() || language.size() > kLanguageBytesMax) {
      return InvalidArgument("text: a language must have 1..64 bytes");
    }
    if (text.size() > kEventTextBytesMax) return InvalidArgument("text over kEventTextBytesMax");
  }
  return OkStatus();
}

Status CheckChoices(const std::vector<std::string>& choices) {
  if (choices.size() > kPromptChoicesMax) return InvalidArgument("choices must be at most 32");
  for (const std::string& choice : choices) {
    if (choice.empty() || choice.size() > kPromptAnswerBytesMax) {
      return InvalidArgument("choices: each must have 1..1024 bytes");
    }
  }
  return OkStatus();
}

Status CheckAction(const Step&, const PromptStep& prompt) {
  RETURN_IF_ERROR(CheckPromptTexts(prompt));
  RETURN_IF_ERROR(CheckChoices(prompt.choices));
  RETURN_IF_ERROR_CTX(CheckPattern(prompt.pattern), "pattern");
  if (!prompt.answer_path.empty()) {
    RETURN_IF_ERROR_CTX(CheckTargetPath(prompt.answer_path), "answer_path");
  }
  return OkStatus();
}

// Its own end; `timeout` is for steps that may hang.
Status CheckAction(const Step&, const WaitStep& wait) {
  if (wait.duration.count() <= 0 || wait.duration > kStepTimeoutMax) {
    return InvalidArgument("duration must be over 0 and at most 1440 minutes");
  }
  return OkStatus();
}

Status CheckAction(const Step&, const RebootStep&) { return OkStatus(); }

Status CheckAction(const Step&, const SetNameStep& naming) {
  if (naming.device_name.empty()) return InvalidArgument("the plan has no device_name to set");
  return CheckDeviceName(naming.device_name);
}

// RFC 1035, "Preferred name syntax", as far as a command line or a file must be safe from it.
Status CheckDomain(std::string_view domain) {
  const auto allowed = [](char c) { return IsNameCharacter(c) && c != '_'; };
  const bool good = !domain.empty() && domain.size() <= 253 && domain[0] != '-' &&
                    domain[0] != '.' && std::all_of(domain.begin(), domain.end(), allowed);
  return good ? OkStatus() : InvalidArgument("domain must be a DNS name");
}

Status CheckAction(const Step&, const OfflineJoinStep& join) { return CheckDomain(join.domain); }
Status CheckAction(const Step&, const DomainJoinStep& join) { return CheckDomain(join.domain); }

}  // namespace

Status CheckActionOf(const Step& step) {
  return std::visit([&step](const auto& action) { return CheckAction(step, action); }, step.action);
}

}  // namespace preseal::agent
