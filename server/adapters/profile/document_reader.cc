// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/document_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "server/adapters/profile/reading.h"

namespace preseal::server {
namespace {

using yaml::MapReader;

constexpr size_t kUserBytesMax = kNameBytesMax;

struct Piece {
  std::string_view text;
  uint32_t first_line = 1;
};

bool Separates(std::string_view line) {
  return line.starts_with("---") && line.find_first_not_of(" \t\r", 3) == line.npos;
}

// Documents are cut at "---" lines, which no YAML value can hold at its line's beginning. Pieces
// with nothing but comments are none.
std::vector<Piece> Cut(std::string_view text) {
  std::vector<Piece> pieces;
  Piece piece{text.substr(0, 0), 1};
  size_t begin = 0;
  bool holds = false;
  uint32_t line_number = 0;
  const auto end_piece = [&](size_t end, size_t next) {
    piece.text = text.substr(begin, end - begin);
    if (holds) pieces.push_back(piece);
    begin = next;
    holds = false;
    piece.first_line = line_number + 1;
  };
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const size_t next = std::min(end + 1, text.size());
    ++line_number;
    const size_t first = line.find_first_not_of(" \t\r");
    if (Separates(line)) {
      end_piece(at, next);
    } else if (first != line.npos && line[first] != '#') {
      holds = true;
    }
    at = next;
  }
  end_piece(text.size(), text.size());
  return pieces;
}

void ReadProfile(MapReader& map, const YAML::Node& node, bool short_form, Reading* reading,
                 ParsedDocument* out) {
  DeploymentProfile profile;
  profile.settings = ReadSettings(map, short_form, reading);
  profile.settings.place = reading->PlaceOf(node);
  std::set<std::string> ids;
  for (const YAML::Node& entry : ReadList(map, "items", kPlanStepsMax, reading)) {
    std::string id;
    if (entry.IsScalar()) {
      id = entry.Scalar();
      profile.items.emplace_back(Mention{id, reading->PlaceOf(entry)});
    } else {
      MapReader item(entry, reading->mistakes);
      ItemSpec spec = ReadItem(entry, item, reading);
      (void)item.Finish();
      id = spec.id;
      profile.items.emplace_back(std::move(spec));
    }
    if (!ids.insert(id).second) {
      reading->Fail(entry, fmt::format("item \"{}\" comes twice", EscapeForLog(id, 64)));
    }
  }
  if (short_form && profile.items.empty())
    map.Fail("items", "\"items\" must list at least one item");
  out->kind = DocumentKind::kDeploymentProfile;
  out->id = profile.settings.id;
  out->content = std::move(profile);
}

void ReadGroup(MapReader& map, const YAML::Node& node, Reading* reading, ParsedDocument* out) {
  DeviceGroup group;
  ReadId(map, "name", &group.id);
  ReadText(map, "description", kDescriptionCharsMax, &group.description);
  const auto rule = map.Child("rule");
  group.place = reading->PlaceOf(rule.value_or(node));
  if (!rule || !rule->IsScalar()) {
    map.Fail("rule", "\"rule\" is missing: which devices are in the group");
  } else {
    auto parsed = Rule::Parse(rule->Scalar());
    if (const auto* mistake = std::get_if<Rule::Mistake>(&parsed)) {
      reading->mistakes->AddInside(
          *rule, mistake->offset,
          fmt::format("{} (character {} of the rule)", mistake->message, mistake->offset + 1));
    } else {
      group.rule = std::get<Rule>(std::move(parsed));
    }
  }
  out->kind = DocumentKind::kGroup;
  out->id = group.id;
  out->content = std::move(group);
}

std::vector<std::string> ReadUsers(MapReader& map) {
  std::vector<std::string> users;
  map.Optional("users", &users);
  for (const std::string& user : users) {
    if (user.empty() || user.size() > kUserBytesMax)
      map.Fail("users", "a user's name is 1 to 256 bytes");
  }
  return users;
}

void ReadTargets(MapReader& assignment, Reading* reading, Assignment* out) {
  if (const auto to = assignment.Child("to")) {
    MapReader map(*to, reading->mistakes);
    map.Optional("all_devices", &out->all_devices);
    out->groups = ReadMentions(map, "groups", reading);
    out->users = ReadUsers(map);
    (void)map.Finish();
  }
  if (const auto exclude = assignment.Child("exclude")) {
    MapReader map(*exclude, reading->mistakes);
    out->exclude_groups = ReadMentions(map, "groups", reading);
    out->exclude_users = ReadUsers(map);
    (void)map.Finish();
  }
}

void ReadAssignment(MapReader& map, const YAML::Node& node, Reading* reading, ParsedDocument* out) {
  Assignment assignment;
  assignment.place = reading->PlaceOf(node);
  ReadId(map, "name", &assignment.id);
  ReadText(map, "description", kDescriptionCharsMax, &assignment.description);
  size_t intent = 0;
  map.Choice("intent", {"required", "available"}, &intent);
  assignment.intent = intent == 0 ? Intent::kRequired : Intent::kAvailable;
  assignment.items = ReadMentions(map, "items", reading);
  assignment.profile = ReadMention(map, "profile", reading);
  ReadTargets(map, reading, &assignment);
  if (assignment.items.empty() && assignment.profile.id.empty()) {
    map.Fail("items", "an assignment needs \"items\" or a \"profile\"");
  }
  if (intent == 1 && !assignment.profile.id.empty()) {
    map.Fail("intent", "a profile cannot be \"available\"");
  }
  const bool targets = assignment.all_devices || !assignment.groups.empty() ||
                       !assignment.users.empty() || !assignment.exclude_groups.empty() ||
                       !assignment.exclude_users.empty();
  if (!targets) map.Fail("to", "an assignment needs \"to\": groups, users or all_devices");
  out->kind = DocumentKind::kAssignment;
  out->id = assignment.id;
  out->content = std::move(assignment);
}

void ReadKind(const YAML::Node& node, Reading* reading, ParsedDocument* out) {
  MapReader map(node, reading->mistakes);
  const bool short_form = !map.Has("kind");
  size_t kind = 0;
  map.Choice("kind", {"DeploymentProfile", "Group", "Item", "Assignment"}, &kind);
  switch (static_cast<DocumentKind>(kind + 1)) {
    case DocumentKind::kDeploymentProfile:
      ReadProfile(map, node, short_form, reading, out);
      break;
    case DocumentKind::kGroup:
      ReadGroup(map, node, reading, out);
      break;
    case DocumentKind::kItem: {
      ItemSpec item = ReadItem(node, map, reading);
      out->kind = DocumentKind::kItem;
      out->id = item.id;
      out->content = std::move(item);
      break;
    }
    case DocumentKind::kAssignment:
      ReadAssignment(map, node, reading, out);
      break;
  }
  (void)map.Finish();
}

void ReadPiece(const Piece& piece, std::string_view file_name, DocumentFiles& files,
               ParsedText* result) {
  yaml::Mistakes mistakes{.first_line = piece.first_line, .list = {}};
  Reading reading{std::string(file_name), &mistakes, &files, {}, {}};
  if (const auto node = yaml::ParseMap(piece.text, &mistakes)) {
    ParsedDocument document;
    document.text = piece.text;
    document.place = reading.PlaceOf(*node);
    ReadKind(*node, &reading, &document);
    document.files = std::move(reading.named_files);
    result->documents.push_back(std::move(document));
  }
  for (yaml::Mistake& mistake : mistakes.list) {
    result->mistakes.push_back(
        {{std::string(file_name), mistake.line, mistake.column}, std::move(mistake.message)});
  }
  std::move(reading.missing.begin(), reading.missing.end(), std::back_inserter(result->missing));
}

}  // namespace

ParsedText ReadDocuments(std::string_view file_name, std::string_view text, DocumentFiles& files) {
  ParsedText result;
  if (text.size() > kDocumentBytesMax) {
    result.mistakes.push_back({{std::string(file_name), 1, 1},
                               fmt::format("more than {} bytes: cut it", kDocumentBytesMax)});
    return result;
  }
  for (const Piece& piece : Cut(text)) ReadPiece(piece, file_name, files, &result);
  if (result.documents.empty() && result.mistakes.empty()) {
    result.mistakes.push_back({{std::string(file_name), 1, 1}, "there is no document in it"});
  }
  if (result.mistakes.size() > kMistakesMax) result.mistakes.resize(kMistakesMax);
  return result;
}

}  // namespace preseal::server
