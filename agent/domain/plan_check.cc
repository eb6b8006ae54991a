// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/plan_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "common/base/ids.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr uint32_t kModeMask = 07777;
constexpr size_t kNetworkNameBytesMax = 64;

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

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

Status CheckStep(const Step& step) {
  RETURN_IF_ERROR(ItemId::Check(step.item_id));
  if (step.display_name.size() > kNameBytesMax) {
    return InvalidArgument("display_name over kNameBytesMax");
  }
  if (step.timeout.count() <= 0 || step.timeout > kStepTimeoutMax) {
    return InvalidArgument("timeout must be over 0 and at most 1440 minutes");
  }
  if (step.attempts < 1 || step.attempts > kStepAttemptsMax) {
    return InvalidArgument("attempts must be 1..10");
  }
  if (step.exit_codes.size() > kExitCodeRulesMax) return InvalidArgument("too many exit_codes");
  return std::visit([&step](const auto& action) { return CheckAction(step, action); }, step.action);
}

StatusOr<std::map<std::string, size_t>> IndexById(const Plan& plan) {
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (!index.emplace(plan.steps[i].item_id, i).second) {
      return InvalidArgument("item " + plan.steps[i].item_id + ": id is used twice");
    }
  }
  for (const Step& step : plan.steps) {
    for (const std::string& before : step.after) {
      if (!index.contains(before)) {
        return InvalidArgument("item " + step.item_id +
                               ": after names no item: " + EscapeForLog(before, kItemIdBytesMax));
      }
    }
  }
  return index;
}

}  // namespace

Status CheckTargetPath(std::string_view path) {
  if (path.empty() || path[0] != '/') return InvalidArgument("must be absolute");
  if (path.size() > kTargetPathBytesMax) return InvalidArgument("over kTargetPathBytesMax");
  if (HasControl(path)) return InvalidArgument("holds a control character");
  std::string_view rest = path.substr(1);
  while (true) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    if (part.empty() || part == "." || part == "..") {
      return InvalidArgument("must have no empty, \".\" or \"..\" part");
    }
    if (end == rest.size()) return OkStatus();
    rest.remove_prefix(end + 1);
  }
}

StatusOr<std::vector<size_t>> OrderSteps(const Plan& plan) {
  ASSIGN_OR_RETURN(const auto index, IndexById(plan));
  std::vector<size_t> order;
  std::vector<bool> placed(plan.steps.size(), false);
  const auto ready = [&plan, &index, &placed](size_t i) {
    const auto& after = plan.steps[i].after;
    return !placed[i] && std::all_of(after.begin(), after.end(), [&index, &placed](const auto& id) {
      return placed[index.at(id)];
    });
  };
  // The first ready step each time keeps the written order wherever `after` leaves a choice.
  while (order.size() < plan.steps.size()) {
    size_t next = 0;
    while (next < plan.steps.size() && !ready(next)) ++next;
    if (next == plan.steps.size()) {
      const size_t stuck = static_cast<size_t>(
          std::distance(placed.begin(), std::find(placed.begin(), placed.end(), false)));
      return InvalidArgument("item " + plan.steps[stuck].item_id + ": after forms a cycle");
    }
    placed[next] = true;
    order.push_back(next);
  }
  return order;
}

Status CheckPlan(const Plan& plan) {
  if (plan.steps.empty()) return InvalidArgument("plan has no steps");
  if (plan.steps.size() > kPlanStepsMax) return InvalidArgument("plan over kPlanStepsMax steps");
  for (const Step& step : plan.steps) {
    RETURN_IF_ERROR_CTX(CheckStep(step), "item " + EscapeForLog(step.item_id, kItemIdBytesMax));
  }
  return OrderSteps(plan).status();
}

}  // namespace preseal::agent
