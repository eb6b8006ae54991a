// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/assignment_status.h"

#include <gtest/gtest.h>

namespace preseal::server {
namespace {

TEST(AssignmentStatusTest, IsNumberedAsAutopilotsSevenStates) {
  const StatusOr<std::string> now = std::string("d1");
  const auto number = [](const StatusOr<std::string>& plan, bool ran, std::string_view digest) {
    return static_cast<int>(StatusOfAssignment(plan, ran, digest));
  };
  EXPECT_EQ(number(Unavailable("the store is closed"), true, "d1"), 0);
  EXPECT_EQ(number(now, true, "d1"), 1);
  EXPECT_EQ(number(now, true, "d2"), 2);
  EXPECT_EQ(number(now, true, ""), 3);
  EXPECT_EQ(number(FailedPrecondition("no profile applies"), false, ""), 4);
  EXPECT_EQ(number(now, false, ""), 5);
  EXPECT_EQ(number(NotFound("the pinned profile is gone"), true, "d1"), 6);
}

}  // namespace
}  // namespace preseal::server
