// SPDX-License-Identifier: Apache-2.0
// Internal to server/adapters/profile: what the readers of one document share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/yaml/map_reader.h"
#include "preseal/plan/v1/plan.pb.h"
#include "server/service/profile/document_format.h"

namespace preseal::server {

// One document being read: where its mistakes and the files it names go.
struct Reading {
  std::string file_name;
  yaml::Mistakes* mistakes;
  DocumentFiles* files;
  std::vector<DocumentFile> named_files;
  std::vector<MissingSource> missing;

  Place PlaceOf(const YAML::Node& node) const;
  void Fail(const YAML::Node& node, std::string_view message) { mistakes->Add(node, message); }
};

// A word of the id alphabet, [a-z0-9-]{1,64}, or a mistake.
void ReadId(yaml::MapReader& map, std::string_view key, std::string* out);
// Text of at most `chars_max` characters.
void ReadText(yaml::MapReader& map, std::string_view key, size_t chars_max, std::string* out);
// A list of ids, each with its place; absent: nothing.
std::vector<Mention> ReadMentions(yaml::MapReader& map, std::string_view key, Reading* reading);
// One id, likewise.
Mention ReadMention(yaml::MapReader& map, std::string_view key, Reading* reading);
// The entries of a list of at most `max`; anything else is a mistake.
std::vector<YAML::Node> ReadList(yaml::MapReader& map, std::string_view key, size_t max,
                                 Reading* reading);
// Whether the agent takes it as a path in the target: absolute, no empty, "." or ".." part, no
// control character, at most kTargetPathBytesMax.
bool IsTargetPath(std::string_view path);
// Such a path, or a mistake.
void ReadTargetPath(yaml::MapReader& map, std::string_view key, bool required, std::string* out);

// An item with its step; `node` is a map.
ItemSpec ReadItem(const YAML::Node& node, yaml::MapReader& map, Reading* reading);
// The kind of `step`: exactly one of its keys.
void ReadStepKind(yaml::MapReader& map, const YAML::Node& node, Reading* reading,
                  plan::v1::Step* step);
void ReadInputs(yaml::MapReader& map, Reading* reading, plan::v1::Step* step);

// Everything of a profile but its items. `short_form`: a file without `kind`.
ProfileSettings ReadSettings(yaml::MapReader& map, bool short_form, Reading* reading);

}  // namespace preseal::server
