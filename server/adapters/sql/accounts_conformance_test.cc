// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::IsOk;
using test::StatusIs;

class AccountsConformance : public test::StoreConformance {
 protected:
  Status PutUser(const User& user) {
    return Write([&user](Tx& tx) { return tx.accounts.PutUser(user); });
  }
  Status PutSession(const Session& session) {
    return Write([&session](Tx& tx) { return tx.accounts.PutSession(session); });
  }
  StatusOr<Session> FindSession(uint8_t fill) {
    return ReadValue([fill](Tx& tx) { return tx.accounts.FindSession(Bytes(32, fill)); });
  }
  Session NewSession(uint8_t fill, std::chrono::seconds life) {
    return {Bytes(32, fill), "ann", clock_.Now(), clock_.Now() + life};
  }
};

TEST_P(AccountsConformance, UserIsReadBackAndReplaced) {
  User user{"ann", Role::kLead, "$argon2id$x", true, 3, Time(1)};
  ASSERT_OK(PutUser(user));
  Reopen();
  const auto read = [](Tx& tx) { return tx.accounts.GetUser("ann"); };
  ASSERT_OK_AND_ASSIGN(const User got, ReadValue(read));
  EXPECT_EQ(got.username, "ann");
  EXPECT_EQ(got.role, Role::kLead);
  EXPECT_EQ(got.password_hash, "$argon2id$x");
  EXPECT_TRUE(got.one_time);
  EXPECT_EQ(got.failures, 3);
  EXPECT_EQ(got.failure_window_start, Time(1));
  ASSERT_OK(PutUser({"ann", Role::kAdmin, "$argon2id$y", false, 0, std::nullopt}));
  ASSERT_OK_AND_ASSIGN(const User replaced, ReadValue(read));
  EXPECT_EQ(replaced.role, Role::kAdmin);
  EXPECT_EQ(replaced.password_hash, "$argon2id$y");
  EXPECT_FALSE(replaced.one_time);
  EXPECT_EQ(replaced.failure_window_start, std::nullopt);
  EXPECT_THAT(ReadValue([](Tx& tx) { return tx.accounts.GetUser("bob"); }),
              StatusIs(StatusCode::kNotFound));
}

TEST_P(AccountsConformance, SessionIsFoundByItsTokenOnlyUntilDropped) {
  ASSERT_OK(PutUser({"ann", Role::kLead, "x", false, 0, std::nullopt}));
  const Session session = NewSession(1, std::chrono::hours(1));
  ASSERT_OK(PutSession(session));
  ASSERT_OK_AND_ASSIGN(const Session got, FindSession(1));
  EXPECT_EQ(got.token_sha256, session.token_sha256);
  EXPECT_EQ(got.username, "ann");
  EXPECT_EQ(got.create_time, session.create_time);
  EXPECT_EQ(got.expire_time, session.expire_time);
  EXPECT_THAT(FindSession(2), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(Write([](Tx& tx) { return tx.accounts.DropSession(Bytes(32, 1)); }));
  EXPECT_THAT(FindSession(1), StatusIs(StatusCode::kNotFound));
}

TEST_P(AccountsConformance, NewSessionDropsExpiredOnes) {
  ASSERT_OK(PutUser({"ann", Role::kLead, "x", false, 0, std::nullopt}));
  ASSERT_OK(PutSession(NewSession(1, std::chrono::minutes(1))));
  ASSERT_OK(PutSession(NewSession(2, std::chrono::hours(1))));
  clock_.Turn(std::chrono::minutes(1));
  ASSERT_OK(PutSession(NewSession(3, std::chrono::hours(1))));
  EXPECT_THAT(FindSession(1), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(FindSession(2));
}

TEST_P(AccountsConformance, TokenIsReadBackAndReplacedWithItsBatches) {
  ApiToken token;
  token.token_id = "t1";
  token.secret_sha256 = Bytes(32, 5);
  token.display_name = "Reseller";
  token.batches = {*BatchId::Parse("PO-9"), *BatchId::Parse("PO-7")};
  token.create_time = Time(0);
  token.expire_time = Time(100);
  ASSERT_OK(Write([&](Tx& tx) { return tx.accounts.PutToken(token); }));
  const auto read = [](Tx& tx) { return tx.accounts.FindToken("t1"); };
  ASSERT_OK_AND_ASSIGN(const ApiToken got, ReadValue(read));
  EXPECT_EQ(got.secret_sha256, token.secret_sha256);
  EXPECT_EQ(got.display_name, "Reseller");
  EXPECT_EQ(got.role, Role::kReseller);
  EXPECT_EQ(got.batches, token.batches);
  EXPECT_EQ(got.create_time, token.create_time);
  EXPECT_EQ(got.expire_time, token.expire_time);
  EXPECT_EQ(got.last_use_time, std::nullopt);
  EXPECT_FALSE(got.revoked);

  token.batches = {*BatchId::Parse("PO-8")};
  token.last_use_time = Time(4);
  token.revoked = true;
  ASSERT_OK(Write([&](Tx& tx) { return tx.accounts.PutToken(token); }));
  ASSERT_OK_AND_ASSIGN(const ApiToken replaced, ReadValue(read));
  EXPECT_EQ(replaced.batches, token.batches);
  EXPECT_EQ(replaced.last_use_time, Time(4));
  EXPECT_TRUE(replaced.revoked);
  EXPECT_THAT(ReadValue([](Tx& tx) { return tx.accounts.FindToken("t2"); }),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto all, ReadValue([](Tx& tx) { return tx.accounts.ListTokens(); }));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].batches, token.batches);
}

INSTANTIATE_TEST_SUITE_P(Stores, AccountsConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
