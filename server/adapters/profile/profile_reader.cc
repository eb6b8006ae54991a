// SPDX-License-Identifier: Apache-2.0
// Reads one profile. Everything the agent would refuse is refused here first, with its line.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/yaml/map_reader.h"
#include "preseal/plan/v1/plan.pb.h"
#include "server/adapters/profile/profile_directory.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;
namespace plv1 = plan::v1;
namespace pv1 = progress::v1;
using std::chrono::milliseconds;
using yaml::MapReader;

constexpr int64_t kAttemptsMax = 10;
constexpr int64_t kModeMax = 07777;

class ProfileReader {
 public:
  ProfileReader(std::string_view name, fs::path folder, const ArtifactImport& import)
      : name_(name), folder_(std::move(folder)), import_(import) {}

  StatusOr<plv1::Plan> Read(const YAML::Node& node) {
    MapReader map(node, name_);
    std::string profile;
    map.Required("name", &profile);
    if (!ItemId::Parse(profile).ok()) map.Fail("name", "use lower-case letters, digits, dashes");
    const auto items = map.Child("items");
    RETURN_IF_ERROR(map.Finish());
    if (!items || !items->IsSequence() || items->size() == 0) {
      return yaml::ErrorAt(items.value_or(node), name_, "\"items\" must list at least one item");
    }
    if (items->size() > kPlanStepsMax) {
      return yaml::ErrorAt(*items, name_, fmt::format("more than {} items", kPlanStepsMax));
    }
    plan_.set_profile(profile);
    for (const auto& item : *items) RETURN_IF_ERROR(ReadItem(item));
    return std::move(plan_);
  }

 private:
  Status ReadItem(const YAML::Node& node) {
    MapReader map(node, name_);
    plv1::Step step;
    map.Required("id", step.mutable_item_id());
    if (map.Has("id") && !ItemId::Parse(step.item_id()).ok()) {
      map.Fail("id", "an item id is 1 to 64 lower-case letters, digits or dashes");
    }
    if (!ids_.insert(step.item_id()).second) map.Fail("id", "this id is taken by an earlier item");
    map.Required("name", step.mutable_display_name());
    if (step.display_name().size() > kNameBytesMax) map.Fail("name", "too long");
    ReadPlace(map, &step);
    ReadLimits(map, &step);
    ReadAfter(map, &step);
    RETURN_IF_ERROR(ReadExitCodes(map.Child("exit_codes"), &step));
    RETURN_IF_ERROR(ReadKind(map, node, &step));
    RETURN_IF_ERROR(map.Finish());
    *plan_.add_steps() = std::move(step);
    return OkStatus();
  }

  static void ReadPlace(MapReader& map, plv1::Step* step) {
    size_t category = 0;
    if (!map.Has("category")) map.Fail("category", "\"category\" is missing");
    map.Choice("category", {"policies", "certificates", "network", "apps"}, &category);
    step->set_category(
        static_cast<pv1::Category>(pv1::CATEGORY_POLICIES + static_cast<int>(category)));
    size_t gating = 0;
    map.Choice("gating", {"blocking", "tracked", "background"}, &gating);
    step->set_gating(static_cast<pv1::Gating>(pv1::GATING_BLOCKING + static_cast<int>(gating)));
  }

  static void ReadLimits(MapReader& map, plv1::Step* step) {
    milliseconds timeout = kStepTimeoutDefault;
    map.Optional("timeout", kStepTimeoutMax, &timeout);
    step->mutable_timeout()->set_seconds(timeout.count() / 1000);
    step->mutable_timeout()->set_nanos(static_cast<int32_t>(timeout.count() % 1000 * 1'000'000));
    int64_t attempts = 1;
    map.Optional("attempts", 1, kAttemptsMax, &attempts);
    step->set_attempts(static_cast<uint32_t>(attempts));
  }

  // Only earlier items may be named, so that no cycle can be written.
  void ReadAfter(MapReader& map, plv1::Step* step) {
    std::vector<std::string> after;
    map.Optional("after", &after);
    for (const std::string& id : after) {
      if (id == step->item_id() || !ids_.contains(id)) {
        map.Fail("after", fmt::format("\"{}\" is no earlier item", EscapeForLog(id, 64)));
      }
      step->add_after(id);
    }
  }

  Status ReadExitCodes(const std::optional<YAML::Node>& node, plv1::Step* step) {
    if (!node) return OkStatus();
    if (!node->IsSequence()) return yaml::ErrorAt(*node, name_, "\"exit_codes\" must be a list");
    for (const auto& entry : *node) {
      MapReader map(entry, name_);
      int64_t code = 0;
      size_t result = 0;
      map.Required("code", 0, 255, &code);
      map.Choice("result", {"success", "retry", "fail"}, &result);
      RETURN_IF_ERROR(map.Finish());
      auto* rule = step->add_exit_codes();
      rule->set_code(static_cast<int32_t>(code));
      rule->set_result(static_cast<plv1::ExitCodeRule::Result>(plv1::ExitCodeRule::RESULT_SUCCESS +
                                                               static_cast<int>(result)));
    }
    return OkStatus();
  }

  Status ReadKind(MapReader& map, const YAML::Node& node, plv1::Step* step) {
    const auto file = map.Child("file");
    const auto script = map.Child("script");
    const auto certificate = map.Child("certificate");
    const auto network = map.Child("network_profile");
    const auto package = map.Child("package");
    const int kinds = int{file.has_value()} + int{script.has_value()} +
                      int{certificate.has_value()} + int{network.has_value()} +
                      int{package.has_value()};
    if (kinds != 1) {
      return yaml::ErrorAt(
          node, name_, "an item needs one of: file, script, certificate, network_profile, package");
    }
    if (file) return ReadFile(*file, step->mutable_file());
    if (script) return ReadScript(*script, step);
    if (certificate) return ReadCertificate(*certificate, step->mutable_certificate());
    if (network) return ReadNetwork(*network, step->mutable_network_profile());
    return ReadPackage(*package, step->mutable_package());
  }

  Status ReadFile(const YAML::Node& node, plv1::FileStep* out) {
    MapReader map(node, name_);
    ReadTargetPath(map, "path", out->mutable_path());
    int64_t mode = 0644;
    map.Optional("mode", 0, kModeMax, &mode);
    out->set_mode(static_cast<uint32_t>(mode));
    std::string source;
    map.Optional("source", &source);
    if (map.Has("source") == map.Has("content")) {
      map.Fail("path", "a file needs either \"content\" or \"source\"");
    }
    if (map.Has("content")) {
      map.Optional("content", out->mutable_content());
      if (out->content().size() > kInlineContentBytesMax)
        map.Fail("content", "too long: use source");
    }
    RETURN_IF_ERROR(map.Finish());
    return source.empty() ? OkStatus() : Import(node, source, out->mutable_artifact());
  }

  Status ReadScript(const YAML::Node& node, plv1::Step* step) {
    MapReader map(node, name_);
    plv1::ScriptStep* out = step->mutable_script();
    map.Optional("detect", out->mutable_detect());
    map.Required("apply", out->mutable_apply());
    map.Optional("verify", out->mutable_verify());
    if (step->gating() == pv1::GATING_BLOCKING && out->verify().empty()) {
      map.Fail("apply", "a blocking script needs \"verify\": green must mean it was checked");
    }
    const size_t bytes = out->detect().size() + out->apply().size() + out->verify().size();
    if (bytes > kInlineContentBytesMax) map.Fail("apply", "script too long");
    return map.Finish();
  }

  Status ReadCertificate(const YAML::Node& node, plv1::CertificateStep* out) {
    MapReader map(node, name_);
    ReadTargetPath(map, "path", out->mutable_path());
    std::string source;
    map.Required("source", &source);
    RETURN_IF_ERROR(map.Finish());
    ASSIGN_OR_RETURN_CTX(const Bytes pem,
                         files::Read((folder_ / source).string(), kInlineContentBytesMax), name_);
    out->set_pem(ToString(ByteView(pem)));
    return OkStatus();
  }

  Status ReadNetwork(const YAML::Node& node, plv1::NetworkProfileStep* out) {
    MapReader map(node, name_);
    map.Required("name", out->mutable_name());
    size_t format = 0;
    map.Choice("format", {"systemd-networkd", "networkmanager"}, &format);
    out->set_format(static_cast<plv1::NetworkProfileStep::Format>(
        plv1::NetworkProfileStep::FORMAT_SYSTEMD_NETWORKD + static_cast<int>(format)));
    map.Required("content", out->mutable_content());
    return map.Finish();
  }

  Status ReadPackage(const YAML::Node& node, plv1::PackageStep* out) {
    MapReader map(node, name_);
    size_t format = 0;
    map.Choice("format", {"deb", "tar.zst"}, &format);
    std::string source;
    map.Required("source", &source);
    if (format == 0) {
      out->set_format(plv1::PackageStep::FORMAT_DEB);
      map.Required("package", out->mutable_package_name());
      map.Required("version", out->mutable_package_version());
    } else {
      out->set_format(plv1::PackageStep::FORMAT_TAR_ZST);
      ReadTargetPath(map, "destination", out->mutable_destination());
    }
    RETURN_IF_ERROR(map.Finish());
    return Import(node, source, out->mutable_artifact());
  }

  static void ReadTargetPath(MapReader& map, std::string_view key, std::string* out) {
    map.Required(key, out);
    const fs::path path(*out);
    const bool plain = std::none_of(
        path.begin(), path.end(), [](const fs::path& part) { return part == ".." || part == "."; });
    if (map.Has(key) && (!path.is_absolute() || !plain)) {
      map.Fail(key, "a path in the target starts with / and has no \".\" or \"..\" parts");
    }
  }

  Status Import(const YAML::Node& node, const std::string& source, plv1::Artifact* out) {
    const auto stored = import_(folder_ / source);
    if (!stored.ok()) return yaml::ErrorAt(node, name_, MessageOf(stored.status()));
    out->set_sha256(ToString(ByteView(stored->sha256)));
    out->set_size(stored->size);
    out->set_file_name(fs::path(source).filename().string());
    return OkStatus();
  }

  const std::string name_;
  const fs::path folder_;
  const ArtifactImport& import_;
  plv1::Plan plan_;
  std::set<std::string> ids_;
};

Item ItemOf(const plv1::Step& step) {
  return {.item_id = *ItemId::Parse(step.item_id()),
          .display_name = step.display_name(),
          .phase = Phase::kDeviceSetup,
          .category = static_cast<Category>(step.category()),
          .gating = static_cast<Gating>(step.gating())};
}

}  // namespace

StatusOr<FrozenPlan> ParseProfile(std::string_view text, std::string_view file_name,
                                  const fs::path& folder, const ArtifactImport& import) {
  ASSIGN_OR_RETURN(const YAML::Node node, yaml::ParseMap(text, file_name));
  ASSIGN_OR_RETURN(plv1::Plan plan, ProfileReader(file_name, folder, import).Read(node));
  plan.set_profile_digest(ToHex(crypto::Sha256(AsBytes(text))));
  FrozenPlan frozen{.profile = plan.profile(), .profile_digest = plan.profile_digest()};
  for (const plv1::Step& step : plan.steps()) frozen.items.push_back(ItemOf(step));
  frozen.plan = ToBytes(plan.SerializeAsString());
  if (frozen.plan.size() > kPlanBytesMax) {
    return InvalidArgument(
        fmt::format("{}: the profile is too large; give long files as source", file_name));
  }
  return frozen;
}

}  // namespace preseal::server
