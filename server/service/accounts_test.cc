// SPDX-License-Identifier: Apache-2.0
#include "server/service/accounts.h"

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "server/adapters/password/sodium_hasher.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using test::StatusIs;

constexpr char kChosen[] = "a password of my own";

// The real store, where something else happens just before the next write is queued.
class InterruptedStore final : public Store {
 public:
  explicit InterruptedStore(Store& store) : store_(store) {}
  void Write(Job job, Done done) override {
    if (before_next_write) std::exchange(before_next_write, nullptr)();
    store_.Write(std::move(job), std::move(done));
  }
  Status Read(const Job& job) override { return store_.Read(job); }
  void OnCommit(std::function<void(uint64_t)> listener) override {
    store_.OnCommit(std::move(listener));
  }

  std::function<void()> before_next_write;

 private:
  Store& store_;
};

class AccountsTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    auto hasher = SodiumHasher::Open();
    ASSERT_OK(hasher);
    hasher_.emplace(*std::move(hasher));
    accounts_.emplace(*store_, clock_, *hasher_);
    ASSERT_OK_AND_ASSIGN(one_time_, accounts_->CreateUser("lena", Role::kLead));
  }
  StatusOr<Accounts::LoginGrant> Login(const std::string& name, const std::string& password,
                                       const std::string& chosen = "") {
    return accounts_->Login(name, Secret(password), Secret(chosen));
  }
  // Past the one-time password.
  std::string LoginToken() {
    const auto grant = Login("lena", one_time_, kChosen);
    EXPECT_OK(grant);
    return grant.ok() ? grant->token : "";
  }
  StatusOr<Accounts::NewToken> MakeToken(Role role, std::vector<BatchId> batches,
                                         std::chrono::seconds life = std::chrono::hours(1)) {
    return accounts_->CreateToken(lead_, "erp", role, std::move(batches), clock_.Now() + life);
  }

  std::optional<SodiumHasher> hasher_;
  std::optional<Accounts> accounts_;
  std::string one_time_;
  const BatchId po7_ = *BatchId::Parse("PO-7");
};

TEST_F(AccountsTest, OneTimePasswordOpensNothingButTheChoiceOfAnother) {
  EXPECT_THAT(Login("lena", one_time_), StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_OK_AND_ASSIGN(const auto grant, Login("lena", one_time_, kChosen));
  ASSERT_OK_AND_ASSIGN(const auto who, accounts_->Resolve(grant.token));
  EXPECT_EQ(who.name, "lena");
  EXPECT_EQ(who.role, Role::kLead);
}

TEST_F(AccountsTest, OneTimePasswordIsGoneAfterItsOneLogin) {
  LoginToken();
  EXPECT_THAT(Login("lena", one_time_), StatusIs(StatusCode::kUnauthenticated));
  EXPECT_OK(Login("lena", kChosen));
}

TEST_F(AccountsTest, RefusesAShortNewPassword) {
  EXPECT_THAT(Login("lena", one_time_, std::string(kPasswordBytesMin - 1, 'x')),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(AccountsTest, RefusesToKeepTheOneTimePassword) {
  EXPECT_THAT(Login("lena", one_time_, one_time_), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(AccountsTest, DoesNotSayWhetherNameOrPasswordIsWrong) {
  const auto wrong_password = Login("lena", "not the password");
  const auto wrong_name = Login("nobody", "not the password");
  EXPECT_THAT(wrong_password, StatusIs(StatusCode::kUnauthenticated));
  EXPECT_EQ(wrong_name.status(), wrong_password.status());
}

TEST_F(AccountsTest, LocksANameAfterTooManyWrongPasswordsAndOpensItAfterTheWindow) {
  LoginToken();
  for (int i = 0; i < kLoginFailuresMax; ++i) {
    ASSERT_THAT(Login("lena", "not the password"), StatusIs(StatusCode::kUnauthenticated));
  }
  EXPECT_THAT(Login("lena", kChosen), StatusIs(StatusCode::kResourceExhausted));
  clock_.Turn(kLoginFailureWindow);
  EXPECT_OK(Login("lena", kChosen));
}

TEST_F(AccountsTest, ASessionEndsAtItsTime) {
  const std::string token = LoginToken();
  clock_.Turn(kSessionLife - std::chrono::seconds(1));
  EXPECT_OK(accounts_->Resolve(token));
  clock_.Turn(std::chrono::seconds(1));
  EXPECT_THAT(accounts_->Resolve(token), StatusIs(StatusCode::kUnauthenticated));
}

TEST_F(AccountsTest, LogoutEndsThisSessionOnly) {
  const std::string first = LoginToken();
  ASSERT_OK_AND_ASSIGN(const auto second, Login("lena", kChosen));
  ASSERT_OK(accounts_->Logout(first));
  EXPECT_THAT(accounts_->Resolve(first), StatusIs(StatusCode::kUnauthenticated));
  EXPECT_OK(accounts_->Resolve(second.token));
}

TEST_F(AccountsTest, RefusesASecondUserOfOneName) {
  EXPECT_THAT(accounts_->CreateUser("lena", Role::kAdmin), StatusIs(StatusCode::kAlreadyExists));
}

TEST_F(AccountsTest, AResellersTokenSeesItsBatchesAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(const auto made, MakeToken(Role::kReseller, {po7_}));
  ASSERT_OK_AND_ASSIGN(const auto who, accounts_->Resolve(made.secret));
  EXPECT_OK(RequireBatch(who, po7_));
  EXPECT_THAT(RequireBatch(who, *BatchId::Parse("PO-8")), StatusIs(StatusCode::kPermissionDenied));
  for (const Right right : {Right::kSeeFleet, Right::kRunTechnicianFlow, Right::kImport,
                            Right::kSeeEvidence, Right::kManageTokens}) {
    EXPECT_THAT(Require(who, right), StatusIs(StatusCode::kPermissionDenied));
  }
}

TEST_F(AccountsTest, RefusesAResellersTokenWithoutBatches) {
  EXPECT_THAT(MakeToken(Role::kReseller, {}), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(AccountsTest, RefusesATokenThatOutlivesItsLimit) {
  EXPECT_THAT(MakeToken(Role::kReseller, {po7_}, kApiTokenLifeMax + std::chrono::seconds(1)),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(AccountsTest, RefusesATokenThatHasExpiredAlready) {
  EXPECT_THAT(MakeToken(Role::kReseller, {po7_}, std::chrono::seconds(0)),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(AccountsTest, ATokenEndsAtItsTime) {
  ASSERT_OK_AND_ASSIGN(const auto made, MakeToken(Role::kAuditor, {}));
  EXPECT_OK(accounts_->Resolve(made.secret));
  clock_.Turn(std::chrono::hours(1));
  EXPECT_THAT(accounts_->Resolve(made.secret), StatusIs(StatusCode::kUnauthenticated, "expired"));
}

TEST_F(AccountsTest, ARevokedTokenOpensNothing) {
  ASSERT_OK_AND_ASSIGN(const auto made, MakeToken(Role::kAuditor, {}));
  ASSERT_OK(accounts_->RevokeToken(lead_, made.token.token_id));
  EXPECT_THAT(accounts_->Resolve(made.secret), StatusIs(StatusCode::kUnauthenticated, "revoked"));
}

TEST_F(AccountsTest, ATokenRevokedWhileItIsUsedStaysRevoked) {
  ASSERT_OK_AND_ASSIGN(const auto made, MakeToken(Role::kAuditor, {}));
  InterruptedStore interrupted(*store_);
  Accounts user(interrupted, clock_, *hasher_);
  interrupted.before_next_write = [&] {
    ASSERT_OK(accounts_->RevokeToken(lead_, made.token.token_id));
  };
  ASSERT_OK(user.Resolve(made.secret));              // notes its use behind the caller's back
  ASSERT_OK(Write([](Tx&) { return OkStatus(); }));  // so that this note is stored by now
  EXPECT_THAT(accounts_->Resolve(made.secret), StatusIs(StatusCode::kUnauthenticated, "revoked"));
}

TEST_F(AccountsTest, ATokensIdWithAnotherSecretOpensNothing) {
  ASSERT_OK_AND_ASSIGN(auto made, MakeToken(Role::kAuditor, {}));
  made.secret.back() = made.secret.back() == 'A' ? 'B' : 'A';
  EXPECT_THAT(accounts_->Resolve(made.secret), StatusIs(StatusCode::kUnauthenticated));
}

TEST_F(AccountsTest, RevokingAnUnknownTokenIsNotFound) {
  EXPECT_THAT(accounts_->RevokeToken(lead_, "0011"), StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace preseal::server
