// SPDX-License-Identifier: Apache-2.0
#include "agent/app/answers.h"

#include "agent/service/person/setup_questions.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/yaml/map_reader.h"

namespace preseal::agent {
namespace {

// Answers to prompts, by item.
Status ReadItems(const YAML::Node& node, const std::string& name, PreparedAnswers* answers) {
  if (!node.IsMap()) return yaml::ErrorAt(node, name, "must be a map of item and answer");
  for (const auto& entry : node) {
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) {
      return yaml::ErrorAt(entry.first, name, "must be item: answer");
    }
    (*answers)["item/" + entry.first.Scalar()] = entry.second.Scalar();
  }
  return OkStatus();
}

}  // namespace

StatusOr<PreparedAnswers> ReadAnswers(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes bytes, files::Read(path, kAnswersFileBytesMax));
  ASSIGN_OR_RETURN(const YAML::Node node, yaml::ParseMap(ToString(ByteView(bytes)), path));
  PreparedAnswers answers;
  yaml::MapReader map(node, path);
  for (const char* key : {"language", "keyboard", "licence", "username", "code"}) {
    std::string answer;
    map.Optional(key, &answer);
    if (map.Has(key)) answers[key] = answer;
  }
  size_t method = 0;
  map.Choice("sign_in", {"code", "page"}, &method);
  if (map.Has("sign_in")) answers["sign-in"] = method == 0 ? kCodeAnswer : kSignInPageAnswer;
  // Whoever has answered the licence has no one in front of the device to read on.
  if (map.Has("licence")) answers["privacy"] = kNextAnswer;
  if (const auto items = map.Child("items")) RETURN_IF_ERROR(ReadItems(*items, path, &answers));
  RETURN_IF_ERROR(map.Finish());
  return answers;
}

}  // namespace preseal::agent
