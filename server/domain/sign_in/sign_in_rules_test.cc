// SPDX-License-Identifier: Apache-2.0
#include "server/domain/sign_in/sign_in_rules.h"

#include <gtest/gtest.h>

#include <set>

namespace preseal::server {
namespace {

// Of a sealed, user-driven device; each test spoils one thing.
const SignInFacts kGood{.state = DeviceState::kSealed};

TEST(SignInRules, ASealedUserDrivenDeviceTakesBothWaysOfSigningIn) {
  for (const auto method : {SignInMethod::kOneTimeCode, SignInMethod::kDeviceAuthorization}) {
    SignInFacts facts = kGood;
    facts.method = method;
    EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kNone);
  }
}

TEST(SignInRules, NoStateButSealedBeginsTheUserFlow) {
  for (const DeviceState state : kAllDeviceStates) {
    SignInFacts facts = kGood;
    facts.state = state;
    EXPECT_EQ(JudgeSignIn(facts, {}) == SignInRefusal::kNone, state == DeviceState::kSealed)
        << NameOf(state);
  }
}

TEST(SignInRules, ASelfDeployingDeviceTakesNobodysSignIn) {
  SignInFacts facts = kGood;
  facts.mode = Mode::kSelfDeploying;
  EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kSelfDeploying);
  facts.method = SignInMethod::kFirstBoot;
  EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kNone);
}

TEST(SignInRules, AUserDrivenDeviceDoesNotStartByItself) {
  SignInFacts facts = kGood;
  facts.method = SignInMethod::kFirstBoot;
  EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kUserDriven);
}

TEST(SignInRules, AnExpiredSealIsRefusedUnlessThePolicyAcceptsIt) {
  SignInFacts facts = kGood;
  facts.seal_age = SealAge::kExpired;
  EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kSealExpired);
  EXPECT_EQ(JudgeSignIn(facts, {.refuse_expired_seal = false}), SignInRefusal::kNone);
}

TEST(SignInRules, FreshAndAgeingSealsAreNotRefused) {
  for (const SealAge age : {SealAge::kFresh, SealAge::kOk, SealAge::kAgeing}) {
    SignInFacts facts = kGood;
    facts.seal_age = age;
    EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kNone);
  }
}

TEST(SignInRules, ALicenceThatIsShownHasToBeAccepted) {
  SignInFacts facts = kGood;
  facts.licence_wanted = true;
  EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kLicence);
  facts.licence_accepted = true;
  EXPECT_EQ(JudgeSignIn(facts, {}), SignInRefusal::kNone);
}

TEST(SignInRules, AHiddenLicenceAndAnEmptyOneAreNotWanted) {
  EXPECT_FALSE(WantsLicence({}));
  EXPECT_FALSE(WantsLicence({.hide_licence = true, .licence_text = "Terms"}));
  EXPECT_TRUE(WantsLicence({.licence_text = "Terms"}));
}

TEST(SignInRules, TheUserFlowsStatesAreTheSealAndWhatFollows) {
  Device device;
  const std::set<DeviceState> later = {DeviceState::kUserSetup, DeviceState::kInService};
  for (const DeviceState state : kAllDeviceStates) {
    device.state = state;
    EXPECT_EQ(IsSignedIn(device), later.contains(state)) << NameOf(state);
    EXPECT_EQ(MayBeInUserFlow(device), later.contains(state) || state == DeviceState::kSealed)
        << NameOf(state);
  }
  device.state = DeviceState::kFailed;
  device.flow = Flow::kUser;
  EXPECT_TRUE(IsSignedIn(device));
}

TEST(SignInRules, UserNamesDifferInMoreThanTheCaseOfAsciiLetters) {
  EXPECT_TRUE(SameUser("Ada@Example.com", "ada@example.COM"));
  EXPECT_FALSE(SameUser("ada", "ada "));
  EXPECT_FALSE(SameUser("ada", "adam"));
  EXPECT_FALSE(SameUser("ada[", "ada{"));
  EXPECT_FALSE(SameUser("", ""));
}

TEST(SignInRules, EveryRefusalHasItsOwnNameAndASentence) {
  std::set<std::string_view> names;
  for (int value = 0; value <= static_cast<int>(SignInRefusal::kTooLate); ++value) {
    const auto refusal = static_cast<SignInRefusal>(value);
    EXPECT_TRUE(names.insert(NameOf(refusal)).second) << NameOf(refusal);
    EXPECT_EQ(SentenceOf(refusal).empty(), refusal == SignInRefusal::kNone) << NameOf(refusal);
  }
}

TEST(SignInRules, TheCardSpeaksOfFreshAgeingAndExpiredSealsOnly) {
  const SealPolicy policy;
  EXPECT_NE(SealNotice(policy.fresh - std::chrono::seconds(1), policy), "");
  EXPECT_EQ(SealNotice(policy.fresh, policy), "");
  EXPECT_EQ(SealNotice(policy.ageing - std::chrono::seconds(1), policy), "");
  EXPECT_NE(SealNotice(policy.ageing, policy), "");
  EXPECT_EQ(SealNotice(std::chrono::hours(24) * 200, policy),
            "Sealed 200 days ago; a seal counts for 183 days.");
}

TEST(SignInRules, AnExpiredSealSaysHowOldItIsAndWhatToDo) {
  EXPECT_EQ(ExpiredSealSentence(DeviceId::FromNumber(1001), std::chrono::hours(24) * 190, {}),
            "This device was sealed 190 days ago, and a seal counts for 183 days. Ask your IT "
            "department: they can provision it again (preseal allow-next D-1001), or accept older "
            "seals (seal.refuse_expired).");
}

}  // namespace
}  // namespace preseal::server
