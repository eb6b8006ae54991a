// SPDX-License-Identifier: Apache-2.0
#include "common/base/display_width.h"

#include <gtest/gtest.h>

namespace preseal {
namespace {

TEST(DisplayWidthTest, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("é…█"), 3u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u);  // combining acute accent
}

TEST(DisplayWidthTest, FitsToExactlyTheColumnsAskedFor) {
  EXPECT_EQ(FitWidth("abc", 5), "abc  ");
  EXPECT_EQ(FitWidth("abcdef", 4), "abc…");
  EXPECT_EQ(FitWidth("日本語", 4), "日… ");  // a wide character is never halved
  EXPECT_EQ(FitWidth("abcdef", 5, "..."), "ab...");
  EXPECT_EQ(FitWidth("abc", 0), "");
}

TEST(DisplayWidthTest, CutKeepsShortTextAsItIs) {
  EXPECT_EQ(CutWidth("abc", 3), "abc");
  EXPECT_EQ(CutWidth("abcd", 3), "ab…");
}

TEST(DisplayWidthTest, SurvivesATornSequenceAtTheEnd) { EXPECT_EQ(DisplayWidth("a\xE2\x82"), 2u); }

}  // namespace
}  // namespace preseal
