// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/password/sodium_hasher.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

TEST(SodiumHasherTest, AcceptsThePasswordAndNoOther) {
  ASSERT_OK_AND_ASSIGN(auto hasher, SodiumHasher::Open());
  ASSERT_OK_AND_ASSIGN(const std::string hash, hasher.Hash(Secret("correct horse battery")));
  EXPECT_TRUE(hash.starts_with("$argon2id$")) << hash;
  EXPECT_TRUE(hasher.Verify(Secret("correct horse battery"), hash));
  EXPECT_FALSE(hasher.Verify(Secret("correct horse batterz"), hash));
  EXPECT_FALSE(hasher.Verify(Secret(""), hash));
}

TEST(SodiumHasherTest, SaltsEachHash) {
  ASSERT_OK_AND_ASSIGN(auto hasher, SodiumHasher::Open());
  ASSERT_OK_AND_ASSIGN(const std::string one, hasher.Hash(Secret("same password")));
  ASSERT_OK_AND_ASSIGN(const std::string two, hasher.Hash(Secret("same password")));
  EXPECT_NE(one, two);
}

TEST(SodiumHasherTest, RefusesWhatIsNoHash) {
  ASSERT_OK_AND_ASSIGN(auto hasher, SodiumHasher::Open());
  EXPECT_FALSE(hasher.Verify(Secret("x"), ""));
  EXPECT_FALSE(hasher.Verify(Secret("x"), "x"));
}

}  // namespace
}  // namespace preseal::server
