// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/user_flow.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "server/service/user_flow/user_code.h"
#include "server/service/user_flow/user_flow_fixture.h"

namespace preseal::server {
namespace {

using std::chrono::hours;
using test::StatusIs;
using testing::HasSubstr;
using testing::Not;
using State = SignInAnswer::State;

// A code of the right form that is not `code`.
std::string WrongCode(std::string code) {
  code.back() = code.back() == '0' ? '1' : '0';
  return code;
}

TEST_F(UserFlowTest, TheAssignedUserAndTheCodeBeginTheUserFlow) {
  const std::string code = IssueCode();
  const SignInAnswer answer = Enter(code);
  EXPECT_EQ(answer.state, State::kSignedIn) << answer.message;
  EXPECT_EQ(answer.username, "ada@example.com");
  const Device device = Load(device_);
  EXPECT_EQ(device.state, DeviceState::kUserSetup);
  EXPECT_EQ(device.flow, Flow::kUser);
  EXPECT_EQ(device.signed_in_user, "ada@example.com");
  const server::Run run =
      Look<server::Run>([&](Tx& tx) { return tx.runs.GetRun(RunId::Of(device_, 2)); });
  EXPECT_EQ(run.flow, Flow::kUser);
}

TEST_F(UserFlowTest, TheAnswerComesBeforeTheOrderToStartTheRun) {
  ASSERT_EQ(Enter(IssueCode()).state, State::kSignedIn);
  const size_t starts = static_cast<size_t>(
      std::count_if(link_->orders.begin(), link_->orders.end(), [&](const DeviceOrder& order) {
        const auto* start = std::get_if<StartRunOrder>(&order.action);
        return start != nullptr && start->run_id == RunId::Of(device_, 2);
      }));
  EXPECT_EQ(starts, 1U);
  EXPECT_EQ(link_->orders_before_answer, 0U);
}

TEST_F(UserFlowTest, CaseSpacesAndDashesOfACodeAndCaseOfANameDoNotMatter) {
  std::string code = IssueCode();
  std::transform(code.begin(), code.end(), code.begin(),
                 [](char c) { return c == '-' ? ' ' : static_cast<char>(std::tolower(c)); });
  EXPECT_EQ(Enter(code, "Ada@EXAMPLE.com").state, State::kSignedIn);
}

TEST_F(UserFlowTest, ACodeIsGoodOnce) {
  const std::string code = IssueCode();
  ASSERT_EQ(Enter(code).state, State::kSignedIn);
  Alter([](Device* device) { device->state = DeviceState::kSealed; });
  const SignInAnswer answer = Enter(code);
  EXPECT_EQ(answer.state, State::kRefused);
  EXPECT_EQ(answer.message, SentenceOf(SignInRefusal::kNoCode));
}

TEST_F(UserFlowTest, AWrongCodeIsRefusedAndCounted) {
  const std::string code = IssueCode();
  const SignInAnswer answer = Enter(WrongCode(code));
  EXPECT_EQ(answer.state, State::kRefused);
  EXPECT_EQ(answer.message, SentenceOf(SignInRefusal::kWrongCode));
  EXPECT_EQ(answer.attempts_left, static_cast<uint32_t>(kUserCodeAttemptsMax) - 1);
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(UserFlowTest, AnotherNameWithTheRightCodeIsRefusedInTheSameWords) {
  const std::string code = IssueCode();
  const SignInAnswer answer = Enter(code, "bob@example.com");
  EXPECT_EQ(answer.state, State::kRefused);
  EXPECT_EQ(answer.message, SentenceOf(SignInRefusal::kWrongCode));
  EXPECT_EQ(answer.attempts_left, static_cast<uint32_t>(kUserCodeAttemptsMax) - 1);
}

TEST_F(UserFlowTest, GuessingEndsTheCodeForGoodEvenForWhoHasIt) {
  const std::string code = IssueCode();
  for (int guess = 1; guess < kUserCodeAttemptsMax; ++guess) {
    ASSERT_EQ(Enter(WrongCode(code)).message, SentenceOf(SignInRefusal::kWrongCode)) << guess;
  }
  EXPECT_EQ(Enter(WrongCode(code)).message, SentenceOf(SignInRefusal::kCodeLocked));
  EXPECT_EQ(Enter(code).message, SentenceOf(SignInRefusal::kCodeLocked));
  EXPECT_FALSE(Card().user_flow->one_time_code);
  EXPECT_EQ(Enter(IssueCode()).state, State::kSignedIn);
}

TEST_F(UserFlowTest, TriesAreCountedAcrossARestartOfTheServer) {
  const std::string code = IssueCode();
  Enter(WrongCode(code));
  store_.reset();
  ASSERT_OK_AND_ASSIGN(auto reopened, SqliteStore::Open(dir_.File("store.sqlite"), &clock_));
  UserCode stored;
  ASSERT_OK(reopened->Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(stored, tx.user_flow.GetUserCode(device_));
    return OkStatus();
  }));
  EXPECT_EQ(stored.attempts_left, static_cast<uint32_t>(kUserCodeAttemptsMax) - 1);
}

TEST_F(UserFlowTest, WhatCannotBeACodeCostsNoTry) {
  const std::string code = IssueCode();
  EXPECT_EQ(Enter("K7QW-2M9X").message, SentenceOf(SignInRefusal::kNotACode));
  EXPECT_EQ(Enter(WrongCode(code)).attempts_left, static_cast<uint32_t>(kUserCodeAttemptsMax) - 1);
}

TEST_F(UserFlowTest, ACodeExpires) {
  const std::string code = IssueCode();
  clock_.Turn(kUserCodeLife);
  EXPECT_EQ(Enter(code).message, SentenceOf(SignInRefusal::kCodeExpired));
}

TEST_F(UserFlowTest, ANewCodeEndsTheOneBefore) {
  const std::string old = IssueCode();
  const std::string fresh = IssueCode();
  EXPECT_EQ(Enter(old).message, SentenceOf(SignInRefusal::kWrongCode));
  EXPECT_EQ(Enter(fresh).state, State::kSignedIn);
}

TEST_F(UserFlowTest, ACodeOfAnotherDeviceIsWrongHere) {
  IssueCode();
  const DeviceId other = AddSealed("A-18");
  ASSERT_OK_AND_ASSIGN(const IssuedUserCode issued, codes_->Issue(lead_, other));
  EXPECT_EQ(Enter(issued.code).message, SentenceOf(SignInRefusal::kWrongCode));
}

TEST_F(UserFlowTest, ACodeDiesWithTheAssignmentItWasIssuedFor) {
  const std::string code = IssueCode();
  Alter([](Device* device) { device->assigned_user = "bob@example.com"; });
  EXPECT_EQ(Enter(code, "bob@example.com").message, SentenceOf(SignInRefusal::kNoCode));
  EXPECT_EQ(Enter(code).message, SentenceOf(SignInRefusal::kNoCode));
}

TEST_F(UserFlowTest, WithoutACodeNobodySignsIn) {
  EXPECT_EQ(Enter("K7QW-2M9X-TF4B").message, SentenceOf(SignInRefusal::kNoCode));
  EXPECT_FALSE(Card().user_flow->one_time_code);
}

TEST_F(UserFlowTest, OnlyAHashOfTheCodeIsStored) {
  const std::string code = IssueCode();
  const UserCode stored = Look<UserCode>([&](Tx& tx) { return tx.user_flow.GetUserCode(device_); });
  EXPECT_EQ(stored.code_sha256, UserCodeDigest(device_, *ParseUserCode(code)));
  EXPECT_NE(stored.code_sha256, UserCodeDigest(DeviceId::FromNumber(4711), *ParseUserCode(code)));
}

TEST_F(UserFlowTest, NoCodeIsIssuedWithoutAnAssignedUser) {
  Alter([](Device* device) { device->assigned_user.clear(); });
  EXPECT_THAT(codes_->Issue(lead_, device_),
              StatusIs(StatusCode::kFailedPrecondition, "nobody is assigned"));
}

TEST_F(UserFlowTest, NoCodeIsIssuedBeforeTheSeal) {
  Alter([](Device* device) { device->state = DeviceState::kReadyToSeal; });
  EXPECT_THAT(codes_->Issue(lead_, device_),
              StatusIs(StatusCode::kFailedPrecondition, "READY_TO_SEAL"));
}

TEST_F(UserFlowTest, TheRightCodeBeforeTheSealIsRefused) {
  const std::string code = IssueCode();
  Alter([](Device* device) { device->state = DeviceState::kReadyToSeal; });
  EXPECT_EQ(Enter(code).message, SentenceOf(SignInRefusal::kState));
}

TEST_F(UserFlowTest, ASignInThatIsRepeatedBeginsNothingTwice) {
  const std::string code = IssueCode();
  ASSERT_EQ(Enter(code).state, State::kSignedIn);
  EXPECT_EQ(Enter(code).state, State::kSignedIn);
  EXPECT_EQ(Load(device_).attempt, 2U);
}

TEST_F(UserFlowTest, ASelfDeployingDeviceStartsByItself) {
  profile_.mode = Mode::kSelfDeploying;
  EXPECT_EQ(SignIn(SignInAsk::FirstBoot{}).state, State::kSignedIn);
  EXPECT_EQ(Load(device_).state, DeviceState::kUserSetup);
  EXPECT_EQ(Load(device_).signed_in_user, "");
}

TEST_F(UserFlowTest, ASelfDeployingDeviceRefusesACode) {
  const std::string code = IssueCode();
  profile_.mode = Mode::kSelfDeploying;
  EXPECT_EQ(Enter(code).message, SentenceOf(SignInRefusal::kSelfDeploying));
  EXPECT_FALSE(Card().user_flow->one_time_code);
}

TEST_F(UserFlowTest, AUserDrivenDeviceDoesNotStartByItself) {
  const SignInAnswer answer = SignIn(SignInAsk::FirstBoot{});
  EXPECT_EQ(answer.message, SentenceOf(SignInRefusal::kUserDriven));
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(UserFlowTest, AnExpiredSealIsRefusedAndTheCardSaysWhatToDo) {
  const std::string code = IssueCode();
  Alter([&](Device* device) { device->seal_time = clock_.Now() - hours(24) * 190; });
  const LandingFacts card = Card();
  EXPECT_THAT(card.notice, HasSubstr("sealed 190 days ago"));
  EXPECT_THAT(card.notice, HasSubstr("preseal allow-next"));
  EXPECT_EQ(Enter(code).message, card.notice);
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(UserFlowTest, AnExpiredSealIsAcceptedWhereThePolicySaysSo) {
  UsePolicy({.refuse_expired_seal = false});
  const std::string code = IssueCode();
  Alter([&](Device* device) { device->seal_time = clock_.Now() - hours(24) * 190; });
  EXPECT_THAT(Card().notice, HasSubstr("a seal counts for 183 days"));
  EXPECT_EQ(Enter(code).state, State::kSignedIn);
}

TEST_F(UserFlowTest, AFreshSealIsAcceptedWithAWordOnTheCard) {
  const std::string code = IssueCode();
  EXPECT_EQ(Card().notice, "");
  Alter([&](Device* device) { device->seal_time = clock_.Now() - std::chrono::minutes(20); });
  EXPECT_THAT(Card().notice, HasSubstr("Sealed 20 minutes ago"));
  EXPECT_EQ(Enter(code).state, State::kSignedIn);
}

TEST_F(UserFlowTest, ALicenceThatIsShownHasToBeAcceptedFirst) {
  profile_.out_of_box.licence_text = "Terms";
  const std::string code = IssueCode();
  EXPECT_EQ(Enter(code).message, SentenceOf(SignInRefusal::kLicence));
  const SignInAsk::OneTimeCode right{"ada@example.com", code};
  EXPECT_EQ(SignIn(right, /*licence=*/true).state, State::kSignedIn);
}

TEST_F(UserFlowTest, WithoutAProviderNobodyIsSentToASignInPage) {
  EXPECT_FALSE(user_flow_->offers_device_authorization());
  EXPECT_EQ(SignIn(SignInAsk::StartDeviceAuthorization{}).message,
            SentenceOf(SignInRefusal::kNoMethod));
}

TEST_F(UserFlowTest, ACodeIsNotSpentWhenTheRunCannotBegin) {
  const std::string code = IssueCode();
  Alter([](Device* device) { device->quarantined = true; });  // and there is no profile for that
  const SignInAnswer refused = Enter(code);
  EXPECT_EQ(refused.state, State::kRefused);
  EXPECT_THAT(refused.message, HasSubstr("cannot be set up yet"));
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
  Alter([](Device* device) { device->quarantined = false; });
  EXPECT_EQ(Enter(code).state, State::kSignedIn);
}

TEST_F(UserFlowTest, TheCardOffersACodeWhileOneCanBeUsed) {
  EXPECT_FALSE(Card().user_flow->one_time_code);
  const std::string code = IssueCode();
  ASSERT_FALSE(link_->cards.empty());
  EXPECT_TRUE(link_->cards.back().user_flow->one_time_code);
  Enter(code);
  EXPECT_FALSE(Card().user_flow->one_time_code);
  EXPECT_TRUE(Card().user_flow->signed_in);
}

TEST_F(UserFlowTest, AUserWhoHadTheDeviceBeforeIsNotSignedInAfterANewSeal) {
  ASSERT_EQ(Enter(IssueCode()).state, State::kSignedIn);
  Alter([](Device* device) { device->state = DeviceState::kSealed; });
  EXPECT_FALSE(Card().user_flow->signed_in);
}

TEST_F(UserFlowTest, TheUserMayTryAgainAfterAFailureUnlessTheProfileForbidsIt) {
  ASSERT_EQ(Enter(IssueCode()).state, State::kSignedIn);
  Alter([](Device* device) { device->state = DeviceState::kFailed; });
  EXPECT_TRUE(Card().user_flow->signed_in);
  ASSERT_OK(flow_->Retry(Actor::AtDevice(device_), device_, ""));
  EXPECT_EQ(Load(device_).state, DeviceState::kUserSetup);
  profile_.esp.block_retry = true;  // holds for runs frozen from here on
  Alter([](Device* device) { device->state = DeviceState::kFailed; });
  ASSERT_OK(flow_->Retry(lead_, device_, ""));
  Alter([](Device* device) { device->state = DeviceState::kFailed; });
  EXPECT_THAT(flow_->Retry(Actor::AtDevice(device_), device_, ""),
              StatusIs(StatusCode::kFailedPrecondition));
}

TEST(UserCodes, AreTwelveDigitsAndComeBackAsTyped) {
  const std::string code = FormatUserCode(Bytes{0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0});
  ASSERT_EQ(code.size(), 14U);
  EXPECT_EQ(code[4], '-');
  EXPECT_EQ(code[9], '-');
  ASSERT_TRUE(ParseUserCode(code));
  EXPECT_EQ(ParseUserCode(code)->Reveal().size(), 12U);
  EXPECT_FALSE(ParseUserCode(code + "0"));
  EXPECT_FALSE(ParseUserCode("U" + code.substr(1)));
}

}  // namespace
}  // namespace preseal::server
