// SPDX-License-Identifier: Apache-2.0
// Reads what a step does: one of the kinds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "common/base/limits.h"
#include "common/pattern/pattern.h"
#include "server/adapters/profile/reading.h"
#include "server/wire/wire_time.h"

namespace preseal::server {

namespace plv1 = plan::v1;
namespace pv1 = progress::v1;
using yaml::MapReader;

namespace {

constexpr int64_t kModeMax = 07777;
constexpr char kKinds[] =
    "file, script, certificate, network_profile, package, prompt, wait, reboot";

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// It becomes a file name.
bool IsNetworkName(std::string_view name) {
  return !name.empty() && name.size() <= kNetworkNameBytesMax && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

// Debian Policy, "Source" and "Version" of control fields; dpkg would read a dash as an option.
bool IsPackageField(std::string_view value, std::string_view more) {
  const auto allowed = [more](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' ||
           more.find(c) != more.npos;
  };
  return !value.empty() && value.size() <= kNameBytesMax && value[0] != '-' && value[0] != '.' &&
         std::all_of(value.begin(), value.end(), allowed);
}

// Finds a named file; what the server has not got is noted.
std::optional<DocumentFile> FindSource(const YAML::Node& node, const std::string& source,
                                       Reading* reading) {
  if (source.empty()) return std::nullopt;
  if (source.find('\n') != source.npos || source.size() > kTargetPathBytesMax) {
    reading->Fail(node, "\"source\" is no file name");
    return std::nullopt;
  }
  auto file = reading->files->Find(source);
  if (!file) {
    reading->missing.push_back({reading->PlaceOf(node), source});
    return std::nullopt;
  }
  reading->named_files.push_back(*file);
  return file;
}

void SetArtifact(const YAML::Node& node, const std::string& source, Reading* reading,
                 plv1::Artifact* out) {
  const auto file = FindSource(node, source, reading);
  if (!file) return;
  out->set_sha256(ToString(ByteView(file->sha256)));
  out->set_size(file->size);
  out->set_file_name(std::filesystem::path(source).filename().string());
}

void ReadFile(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  plv1::FileStep* out = step->mutable_file();
  ReadTargetPath(map, "path", true, out->mutable_path());
  int64_t mode = 0644;
  map.Optional("mode", 0, kModeMax, &mode);
  out->set_mode(static_cast<uint32_t>(mode));
  std::string source;
  std::string content;
  map.Optional("source", &source);
  map.Optional("content", &content);
  if (map.Has("source") == map.Has("content")) {
    map.Fail("path", "a file needs either \"content\" or \"source\"");
  }
  if (content.size() > kInlineContentBytesMax) map.Fail("content", "too long: use source");
  (void)map.Finish();
  if (map.Has("content")) {
    out->set_content(content);
  } else {
    SetArtifact(node, source, reading, out->mutable_artifact());
  }
}

void ReadScript(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  plv1::ScriptStep* out = step->mutable_script();
  map.Optional("detect", out->mutable_detect());
  map.Required("apply", out->mutable_apply());
  map.Optional("verify", out->mutable_verify());
  if (step->gating() == pv1::GATING_BLOCKING && out->verify().empty()) {
    map.Fail("apply", "a blocking script needs \"verify\": green must mean it was checked");
  }
  const size_t bytes = out->detect().size() + out->apply().size() + out->verify().size();
  if (bytes > kInlineContentBytesMax) map.Fail("apply", "script too long");
  (void)map.Finish();
}

void ReadCertificate(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  plv1::CertificateStep* out = step->mutable_certificate();
  ReadTargetPath(map, "path", true, out->mutable_path());
  std::string source;
  map.Required("source", &source);
  (void)map.Finish();
  const auto file = FindSource(node, source, reading);
  if (!file) return;
  const auto pem = reading->files->Content(*file, kInlineContentBytesMax);
  if (!pem.ok()) return reading->Fail(node, MessageOf(pem.status()));
  if (pem->empty()) return reading->Fail(node, "\"source\" is an empty file");
  out->set_pem(ToString(ByteView(*pem)));
}

void ReadNetwork(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  plv1::NetworkProfileStep* out = step->mutable_network_profile();
  map.Required("name", out->mutable_name());
  if (!out->name().empty() && !IsNetworkName(out->name())) {
    map.Fail("name", fmt::format("use 1 to {} of A-Z a-z 0-9 . _ -, not a dot first",
                                 kNetworkNameBytesMax));
  }
  size_t format = 0;
  map.Choice("format", {"systemd-networkd", "networkmanager"}, &format);
  out->set_format(static_cast<plv1::NetworkProfileStep::Format>(
      plv1::NetworkProfileStep::FORMAT_SYSTEMD_NETWORKD + static_cast<int>(format)));
  map.Required("content", out->mutable_content());
  if (out->content().size() > kInlineContentBytesMax) map.Fail("content", "too long");
  (void)map.Finish();
}

void ReadPackage(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  plv1::PackageStep* out = step->mutable_package();
  size_t format = 0;
  map.Choice("format", {"deb", "tar.zst"}, &format);
  std::string source;
  map.Required("source", &source);
  if (format == 0) {
    out->set_format(plv1::PackageStep::FORMAT_DEB);
    map.Required("package", out->mutable_package_name());
    map.Required("version", out->mutable_package_version());
    if (!out->package_name().empty() && !IsPackageField(out->package_name(), "")) {
      map.Fail("package", "a package's name has lower-case letters, digits, + - .");
    }
    if (!out->package_version().empty() &&
        !IsPackageField(out->package_version(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ:~")) {
      map.Fail("version", "a version has letters, digits, + - . : ~");
    }
  } else {
    out->set_format(plv1::PackageStep::FORMAT_TAR_ZST);
    ReadTargetPath(map, "destination", true, out->mutable_destination());
  }
  (void)map.Finish();
  SetArtifact(node, source, reading, out->mutable_artifact());
}

void ReadPromptText(MapReader& map, Reading* reading, plv1::PromptStep* out) {
  const auto text = map.Child("text");
  if (!text) return map.Fail("text", "\"text\" is missing");
  if (!text->IsMap()) return reading->Fail(*text, "\"text\" must have a text by language");
  for (const auto& entry : *text) {
    if (!entry.second.IsScalar() || entry.second.Scalar().size() > kEventTextBytesMax) {
      reading->Fail(entry.second, "a text is one value, not too long");
      continue;
    }
    const std::string language = entry.first.Scalar();
    if (language.empty() || language.size() > kLanguageBytesMax) {
      reading->Fail(entry.first, fmt::format("a language has 1 to {} bytes", kLanguageBytesMax));
    }
    (*out->mutable_text())[language] = entry.second.Scalar();
  }
  const auto english = out->text().find("en");
  if (english == out->text().end() || english->second.empty())
    reading->Fail(*text, "the text in \"en\" is missing");
}

void ReadPrompt(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  plv1::PromptStep* out = step->mutable_prompt();
  ReadPromptText(map, reading, out);
  std::vector<std::string> choices;
  map.Optional("choices", &choices);
  if (choices.size() > kPromptChoicesMax) map.Fail("choices", "too many choices");
  for (const std::string& choice : choices) {
    if (choice.empty() || choice.size() > kPromptAnswerBytesMax) {
      map.Fail("choices", "a choice must not be empty or too long");
    }
    out->add_choices(choice);
  }
  map.Optional("pattern", out->mutable_pattern());
  if (out->pattern().size() > kPromptPatternBytesMax) {
    map.Fail("pattern", fmt::format("\"pattern\" has more than {} bytes", kPromptPatternBytesMax));
  } else if (const Status fits = pattern::Check(out->pattern()); !fits.ok()) {
    map.Fail("pattern", fmt::format("\"pattern\" {}", EscapeForLog(MessageOf(fits), 200)));
  }
  ReadTargetPath(map, "answer_path", false, out->mutable_answer_path());
  (void)map.Finish();
}

void ReadWait(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  std::chrono::milliseconds duration{0};
  if (!map.Has("duration")) map.Fail("duration", "\"duration\" is missing");
  map.Optional("duration", kStepTimeoutMax, &duration);
  SetDuration(duration, step->mutable_wait()->mutable_duration());
  (void)map.Finish();
}

void ReadReboot(const YAML::Node& node, Reading* reading, plv1::Step* step) {
  MapReader map(node, reading->mistakes);
  (void)map.Finish();
  step->mutable_reboot();
  if (step->reboots_max() == 0) step->set_reboots_max(1);
}

using Reader = void (*)(const YAML::Node&, Reading*, plv1::Step*);
constexpr std::array<std::pair<const char*, Reader>, 8> kReaders = {{
    {"file", ReadFile},
    {"script", ReadScript},
    {"certificate", ReadCertificate},
    {"network_profile", ReadNetwork},
    {"package", ReadPackage},
    {"prompt", ReadPrompt},
    {"wait", ReadWait},
    {"reboot", ReadReboot},
}};

}  // namespace

void ReadStepKind(MapReader& map, const YAML::Node& node, Reading* reading, plv1::Step* step) {
  int kinds = 0;
  for (const auto& [key, read] : kReaders) {
    const auto child = map.Child(key);
    if (!child) continue;
    if (++kinds == 1) read(*child, reading, step);
  }
  if (kinds != 1) reading->Fail(node, fmt::format("an item needs one of: {}", kKinds));
}

}  // namespace preseal::server
