// SPDX-License-Identifier: Apache-2.0
#include "server/domain/refusal/refusal.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

namespace preseal::server {
namespace {

bool IsConstantCase(std::string_view name) {
  for (const char c : name) {
    if (!std::isupper(static_cast<unsigned char>(c)) &&
        !std::isdigit(static_cast<unsigned char>(c)) && c != '_') {
      return false;
    }
  }
  return !name.empty();
}

TEST(RefusalTest, EveryCodeTellsTheTechnicianWhatAndWhatNext) {
  std::set<std::string_view> names;
  for (const RefusalInfo& info : AllRefusals()) {
    SCOPED_TRACE(std::string(info.name));
    EXPECT_TRUE(IsConstantCase(info.name));
    EXPECT_TRUE(names.insert(info.name).second);
    EXPECT_GT(info.message.size(), 20u);
    EXPECT_EQ(info.message.back(), '.');
    EXPECT_GT(info.remedy.size(), 20u);
    EXPECT_EQ(info.remedy.back(), '.');
  }
}

TEST(RefusalTest, NamesAndCodesTranslateBothWays) {
  for (const RefusalInfo& info : AllRefusals()) {
    EXPECT_EQ(NameOf(info.code), info.name);
    EXPECT_EQ(ParseRefusalCode(info.name), info.code);
    EXPECT_EQ(InfoOf(info.code), &info);
  }
  EXPECT_EQ(NameOf(RefusalCode::kNone), "");
  EXPECT_EQ(InfoOf(RefusalCode::kNone), nullptr);
  EXPECT_EQ(ParseRefusalCode(""), std::nullopt);
  EXPECT_EQ(ParseRefusalCode("EK_CHAIN"), std::nullopt);
}

}  // namespace
}  // namespace preseal::server
