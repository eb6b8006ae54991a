// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/domain/diagnosis/diagnosis.h"
#include "server/domain/refusal/refusal.h"

namespace preseal::server {
namespace {

constexpr std::string_view kMark = "<!-- the rules, printed by server_diagnosis_test -->\n";

// The last part of docs/diagnostics.md is the printed table. PRESEAL_UPDATE_GOLDEN=1 rewrites it.
TEST(DiagnosisDocTest, HoldsTheTableThatTheRulesPrint) {
  const std::string path = PRESEAL_SOURCE_DIR "/docs/diagnostics.md";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const std::string page = text.str();
  const size_t mark = page.find(kMark);
  ASSERT_NE(mark, page.npos);
  const size_t table = mark + kMark.size();
  if (std::getenv("PRESEAL_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << page.substr(0, table) << DiagnosisRulesMarkdown();
    return;
  }
  EXPECT_EQ(page.substr(table), DiagnosisRulesMarkdown()) << "run with PRESEAL_UPDATE_GOLDEN=1";
}

// A rule that waits for a code nobody sends would never fire.
TEST(DiagnosisDocTest, EveryRefusalThatARuleNamesExists) {
  for (const DiagnosisRule& rule : DiagnosisRules()) {
    for (const std::string_view named : rule.refusals) {
      bool exists = false;
      for (const RefusalInfo& info : AllRefusals()) {
        exists =
            exists || info.name == named || (named.ends_with('_') && info.name.starts_with(named));
      }
      EXPECT_TRUE(exists) << rule.name << ": " << named;
    }
  }
}

// docs/formats.md "Item codes" is the list the agent's own test is held to.
TEST(DiagnosisDocTest, EveryItemCodeThatARuleNamesIsDocumented) {
  std::stringstream formats;
  formats << std::ifstream(PRESEAL_SOURCE_DIR "/docs/formats.md").rdbuf();
  for (const DiagnosisRule& rule : DiagnosisRules()) {
    for (const std::string_view code : rule.item_codes) {
      EXPECT_NE(formats.str().find("| `" + std::string(code) + "` |"), std::string::npos) << code;
    }
  }
}

}  // namespace
}  // namespace preseal::server
