// SPDX-License-Identifier: Apache-2.0
#include "server/domain/device_actions.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>

namespace preseal::server {
namespace {

using A = DeviceAction;
using R = ActionRefusal;
using S = DeviceState;

// A device to which the state alone says no.
ActionFacts Free(S state) {
  return {.state = state,
          .enrolled = state != S::kRegistered && state != S::kPresent,
          .connected = true,
          .blocking_satisfied = state == S::kReadyToSeal,
          .user_flow = state == S::kUserSetup,
          .has_run = true,
          .running = state == S::kProvisioning || state == S::kUserSetup,
          .prompted = true,
          .allow_reset = true,
          .allow_use_on_error = true,
          .allow_log_collection = true};
}

// The whole table, as people read it: in which states a lead may do what.
const std::map<A, std::set<S>> kStates = {
    {A::kRefresh,
     {S::kEnrolled, S::kProvisioning, S::kReadyToSeal, S::kSealing, S::kSealed, S::kUserSetup,
      S::kInService, S::kFailed}},
    {A::kProvision, {S::kEnrolled}},
    {A::kRetry, {S::kFailed}},
    {A::kReset, {S::kProvisioning, S::kReadyToSeal, S::kFailed}},
    {A::kDiagnostics,
     {S::kEnrolled, S::kProvisioning, S::kReadyToSeal, S::kSealing, S::kSealed, S::kUserSetup,
      S::kInService, S::kFailed}},
    {A::kReseal, {S::kReadyToSeal}},
    {A::kHold, {S::kProvisioning, S::kUserSetup}},
    {A::kResume, {}},  // it is not on hold here
    {A::kWaive, {S::kProvisioning, S::kUserSetup, S::kFailed}},
    {A::kContinue, {}},  // it is in the technician flow, or its run has not failed
    {A::kAnswer, {S::kProvisioning, S::kUserSetup}},
    {A::kExtend, {S::kProvisioning, S::kUserSetup}},
    {A::kRestart, {S::kEnrolled, S::kProvisioning, S::kReadyToSeal, S::kUserSetup, S::kFailed}},
};
const std::set<A> kAtDevice = {A::kRefresh, A::kProvision,   A::kRetry,
                               A::kReset,   A::kDiagnostics, A::kContinue};
const std::set<A> kLeadOnly = {A::kReset, A::kWaive, A::kContinue, A::kExtend, A::kRestart};

TEST(DeviceActionsTest, AnswersEveryActionInEveryStateToEveryActor) {
  for (const A action : kAllDeviceActions) {
    for (const S state : kAllDeviceStates) {
      const bool fits = kStates.at(action).contains(state);
      const ActionFacts facts = Free(state);
      const std::string where = std::string(NameOf(action)) + " in " + std::string(NameOf(state));
      EXPECT_EQ(Judge(action, ActionActor::kLead, facts) == R::kNone, fits) << where;
      EXPECT_EQ(Judge(action, ActionActor::kOperator, facts) == R::kNone,
                fits && !kLeadOnly.contains(action))
          << where;
      EXPECT_EQ(Judge(action, ActionActor::kDevice, facts) == R::kNone,
                fits && kAtDevice.contains(action))
          << where;
    }
  }
}

TEST(DeviceActionsTest, SaysWhyWheneverItRefuses) {
  for (const A action : kAllDeviceActions) {
    for (const S state : kAllDeviceStates) {
      for (const ActionActor actor : kAllActionActors) {
        const ActionFacts facts = Free(state);
        const R refusal = Judge(action, actor, facts);
        EXPECT_EQ(SentenceOf(refusal, action, facts).empty(), refusal == R::kNone);
      }
    }
  }
}

TEST(DeviceActionsTest, SaysInWhichStatesWhatIsRefusedIsPossible) {
  const auto sentence = [](A action, const ActionFacts& facts) {
    return SentenceOf(R::kState, action, facts);
  };
  EXPECT_EQ(sentence(A::kResume, Free(S::kReadyToSeal)),
            "READY_TO_SEAL: \"resume\" is possible in PROVISIONING, USER_SETUP");
  EXPECT_EQ(sentence(A::kProvision, Free(S::kSealed)), "SEALED: \"start\" is possible in ENROLLED");
  ActionFacts refused = Free(S::kFailed);
  refused.enrolled = refused.has_run = false;
  EXPECT_EQ(sentence(A::kDiagnostics, refused),
            "FAILED: \"collect diagnostics\" is possible once it has enrolled");
  EXPECT_EQ(sentence(A::kContinue, Free(S::kFailed)),
            "FAILED: \"continue anyway\" is possible when a run of the user flow has failed");
}

TEST(DeviceActionsTest, NamesTheAutopilotCodeOfAProfileThatForbidsPreProvisioning) {
  ActionFacts facts = Free(S::kEnrolled);
  facts.preprovisioning_allowed = false;
  for (const ActionActor actor : kAllActionActors) {
    EXPECT_EQ(Judge(A::kProvision, actor, facts), R::kProfileNotAllowed);
  }
  EXPECT_THAT(SentenceOf(R::kProfileNotAllowed, A::kProvision, facts),
              testing::HasSubstr("0x80180005"));
}

struct Hidden {
  A action;
  S state;
  void (*hide)(ActionFacts*);
};
const Hidden kHidden[] = {
    {A::kRetry, S::kFailed, [](ActionFacts* f) { f->block_retry = true; }},
    {A::kReset, S::kFailed, [](ActionFacts* f) { f->allow_reset = false; }},
    {A::kDiagnostics, S::kFailed, [](ActionFacts* f) { f->allow_log_collection = false; }},
    {A::kContinue, S::kFailed, [](ActionFacts* f) { f->allow_use_on_error = false; }},
};

TEST(DeviceActionsTest, HidesAtTheDeviceOnlyWhatTheEspSettingsForbid) {
  for (const Hidden& row : kHidden) {
    ActionFacts facts = Free(row.state);
    facts.user_flow = row.action == A::kContinue;
    EXPECT_EQ(Judge(row.action, ActionActor::kDevice, facts), R::kNone) << NameOf(row.action);
    row.hide(&facts);
    EXPECT_EQ(Judge(row.action, ActionActor::kDevice, facts), R::kHiddenByProfile)
        << NameOf(row.action);
    EXPECT_EQ(Judge(row.action, ActionActor::kLead, facts), R::kNone) << NameOf(row.action);
  }
}

TEST(DeviceActionsTest, LetsARefusedAttestationBeTriedAgainWhateverTheProfileSays) {
  ActionFacts facts = Free(S::kFailed);
  facts.enrolled = facts.has_run = false;
  facts.block_retry = true;
  EXPECT_EQ(Judge(A::kRetry, ActionActor::kDevice, facts), R::kNone);
  EXPECT_EQ(Judge(A::kWaive, ActionActor::kLead, facts), R::kState);
  EXPECT_EQ(Judge(A::kReset, ActionActor::kLead, facts), R::kState);
}

struct Spoilt {
  A action;
  S state;
  R refusal;
  void (*spoil)(ActionFacts*);
};
const Spoilt kSpoilt[] = {
    {A::kReseal, S::kReadyToSeal, R::kQuarantined, [](ActionFacts* f) { f->quarantined = true; }},
    {A::kReseal, S::kReadyToSeal, R::kNotVerified,
     [](ActionFacts* f) { f->blocking_satisfied = false; }},
    {A::kRefresh, S::kEnrolled, R::kNotConnected, [](ActionFacts* f) { f->connected = false; }},
    {A::kDiagnostics, S::kEnrolled, R::kNotConnected, [](ActionFacts* f) { f->connected = false; }},
    {A::kRestart, S::kEnrolled, R::kNotConnected, [](ActionFacts* f) { f->connected = false; }},
    {A::kHold, S::kProvisioning, R::kAlreadyHeld, [](ActionFacts* f) { f->held = true; }},
    {A::kHold, S::kProvisioning, R::kNotRunning, [](ActionFacts* f) { f->running = false; }},
    {A::kExtend, S::kProvisioning, R::kNotRunning, [](ActionFacts* f) { f->running = false; }},
    {A::kAnswer, S::kProvisioning, R::kNothingAsked, [](ActionFacts* f) { f->prompted = false; }},
};

TEST(DeviceActionsTest, RefusesForTheOneFactThatIsAgainstIt) {
  for (const Spoilt& row : kSpoilt) {
    ActionFacts facts = Free(row.state);
    EXPECT_EQ(Judge(row.action, ActionActor::kLead, facts), R::kNone) << NameOf(row.action);
    row.spoil(&facts);
    EXPECT_EQ(Judge(row.action, ActionActor::kLead, facts), row.refusal) << NameOf(row.action);
  }
}

TEST(DeviceActionsTest, ResumesOnlyWhatIsOnHold) {
  ActionFacts facts = Free(S::kProvisioning);
  EXPECT_EQ(Judge(A::kResume, ActionActor::kOperator, facts), R::kNotHeld);
  facts.held = true;
  EXPECT_EQ(Judge(A::kResume, ActionActor::kOperator, facts), R::kNone);
}

}  // namespace
}  // namespace preseal::server
