// SPDX-License-Identifier: Apache-2.0
#include "server/domain/profile/text_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace preseal::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DiffLinesTest, EqualTextsHaveNone) { EXPECT_THAT(DiffLines("a\nb\n", "a\nb\n"), IsEmpty()); }

TEST(DiffLinesTest, ANewTextIsAllAdded) {
  EXPECT_THAT(DiffLines("", "a\nb\n"), ElementsAre("+ a", "+ b"));
}

TEST(DiffLinesTest, ShowsAChangeInItsContext) {
  EXPECT_THAT(DiffLines("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nX\n5\n6\n7\n"),
              ElementsAre("  ...", "  2", "  3", "- 4", "+ X", "  5", "  6", "  ..."));
}

TEST(DiffLinesTest, FindsWhatStayedBetweenTwoChanges) {
  EXPECT_THAT(DiffLines("a\nb\nc\n", "x\nb\ny\n"), ElementsAre("- a", "+ x", "  b", "- c", "+ y"));
}

}  // namespace
}  // namespace preseal::server
