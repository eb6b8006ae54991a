// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/time_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace preseal::server {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

WallTime At(int second) { return FromMicros(1'700'000'000'000'000 + second * 1'000'000LL); }
int SecondOf(WallTime time) {
  return static_cast<int>((ToMicros(time) - ToMicros(At(0))) / 1'000'000);
}

ReceivedEvent Heard(int second, decltype(Event::body) body) {
  return {At(second), Event{.body = std::move(body)}};
}
ItemChanged Change(std::string_view item, ItemState state, std::optional<Wait::Kind> wait = {}) {
  ItemChanged change{.item_id = *ItemId::Parse(item), .state = state};
  if (wait) change.wait = Wait{.kind = *wait};
  return change;
}

// "3 a 0-10": kind, item, seconds.
std::vector<std::string> Text(const std::vector<TimeSpan>& spans) {
  std::vector<std::string> text;
  for (const TimeSpan& span : spans) {
    text.push_back(std::to_string(static_cast<int>(span.kind)) + " " + span.item_id + " " +
                   std::to_string(SecondOf(span.start)) + "-" + std::to_string(SecondOf(span.end)));
  }
  return text;
}

std::vector<TimeSpan> SpansOfRun(std::span<const ReceivedEvent> events, WallTime until) {
  RunSpans spans;
  for (const ReceivedEvent& event : events) spans.Read(event);
  return spans.Finish(until);
}

TEST(RunSpansTest, AnItemAtWorkIsOneSpanHoweverOftenItReports) {
  const std::vector events{
      Heard(0, Change("a", ItemState::kIdentifying)), Heard(3, Change("a", ItemState::kInProgress)),
      Heard(6, Change("a", ItemState::kVerifying)), Heard(9, Change("a", ItemState::kSucceeded))};
  EXPECT_THAT(Text(SpansOfRun(events, At(100))), ElementsAre("3 a 0-9"));
}

TEST(RunSpansTest, EveryWaitHasItsKind) {
  const std::pair<Wait::Kind, const char*> rows[] = {
      {Wait::Kind::kToken, "4 a 0-5"},  {Wait::Kind::kInstaller, "3 a 0-5"},
      {Wait::Kind::kRetry, "5 a 0-5"},  {Wait::Kind::kPrompt, "6 a 0-5"},
      {Wait::Kind::kHold, "7 a 0-5"},   {Wait::Kind::kReboot, "8 a 0-5"},
      {Wait::Kind::kServer, "3 a 0-5"}, {Wait::Kind::kSpool, "3 a 0-5"}};
  for (const auto& [kind, expected] : rows) {
    const std::vector events{Heard(0, Change("a", ItemState::kInProgress, kind)),
                             Heard(5, Change("a", ItemState::kSucceeded))};
    EXPECT_THAT(Text(SpansOfRun(events, At(100))), ElementsAre(expected));
  }
}

TEST(RunSpansTest, APauseBeforeARetryIsApartFromTheWork) {
  const std::vector events{Heard(0, Change("a", ItemState::kInProgress)),
                           Heard(4, Change("a", ItemState::kFailed, Wait::Kind::kRetry)),
                           Heard(7, Change("a", ItemState::kInProgress)),
                           Heard(9, Change("a", ItemState::kFailed))};
  EXPECT_THAT(Text(SpansOfRun(events, At(100))), ElementsAre("3 a 0-4", "5 a 4-7", "3 a 7-9"));
}

TEST(RunSpansTest, HoldsAndAnnouncedRestartsAreTheRunsOwn) {
  const std::vector events{Heard(1, HoldChanged{.held = true}), Heard(4, HoldChanged{}),
                           Heard(5, RunInterrupted{}), Heard(8, RunResumed{.rebooted = true})};
  EXPECT_THAT(Text(SpansOfRun(events, At(100))), ElementsAre("7  1-4", "8  5-8"));
}

TEST(RunSpansTest, TheEndOfTheRunClosesWhatIsOpen) {
  const std::vector events{Heard(0, Change("a", ItemState::kInProgress)),
                           Heard(2, HoldChanged{.held = true}), Heard(9, RunFinished{})};
  EXPECT_THAT(Text(SpansOfRun(events, At(100))), UnorderedElementsAre("3 a 0-9", "7  2-9"));
  EXPECT_THAT(Text(SpansOfRun(std::span(events).first(2), At(50))),
              UnorderedElementsAre("3 a 0-50", "7  2-50"));
}

TEST(RunSpansTest, TheDevicesClockIsNotLookedAt) {
  std::vector events{Heard(0, Change("a", ItemState::kInProgress)),
                     Heard(9, Change("a", ItemState::kSucceeded))};
  const auto plain = Text(SpansOfRun(events, At(100)));
  events[0].event.run_time = milliseconds(86'400'000);
  events[1].event.run_time = milliseconds(5);
  EXPECT_EQ(Text(SpansOfRun(events, At(100))), plain);
}

DeviceMark Mark(int second, DeviceState state, ContactState contact = ContactState::kConnected) {
  return {At(second), state, contact};
}

TEST(SpansOfMarksTest, EveryStateSaysWhoIsWaitedFor) {
  using S = DeviceState;
  const std::pair<S, std::vector<std::string>> rows[] = {{S::kRegistered, {}},
                                                         {S::kPresent, {"1  0-5"}},
                                                         {S::kEnrolled, {"2  0-5"}},
                                                         {S::kProvisioning, {}},
                                                         {S::kReadyToSeal, {"11  0-5"}},
                                                         {S::kSealing, {"12  0-5"}},
                                                         {S::kSealed, {"13  0-5"}},
                                                         {S::kUserSetup, {}},
                                                         {S::kInService, {}},
                                                         {S::kFailed, {"10  0-5"}},
                                                         {S::kBlocked, {"10  0-5"}},
                                                         {S::kRetired, {}}};
  for (const auto& [state, expected] : rows) {
    EXPECT_EQ(Text(SpansOfMarks(std::vector{Mark(0, state)}, At(5))), expected) << NameOf(state);
  }
}

TEST(SpansOfMarksTest, AChangeOfContactDoesNotCutAState) {
  const std::vector marks{Mark(0, DeviceState::kEnrolled),
                          Mark(4, DeviceState::kEnrolled, ContactState::kDisconnected),
                          Mark(9, DeviceState::kProvisioning)};
  EXPECT_THAT(Text(SpansOfMarks(marks, At(20))), ElementsAre("2  0-9"));
}

TEST(SpansOfMarksTest, AClosedStreamIsNotHeardOnlyDuringARun) {
  const std::vector marks{Mark(0, DeviceState::kEnrolled, ContactState::kDisconnected),
                          Mark(5, DeviceState::kProvisioning, ContactState::kDisconnected),
                          Mark(9, DeviceState::kProvisioning, ContactState::kConnected)};
  EXPECT_THAT(Text(SpansOfMarks(marks, At(20))), ElementsAre("2  0-5", "9  5-9"));
}

TEST(SpansOfMarksTest, ASilenceBeginsWhenTheDeviceWasLastHeard) {
  // Noted after the change at second 8, but nothing was heard since second 5.
  const std::vector marks{Mark(0, DeviceState::kProvisioning), Mark(8, DeviceState::kReadyToSeal),
                          Mark(5, DeviceState::kReadyToSeal, ContactState::kSilent)};
  EXPECT_THAT(Text(SpansOfMarks(marks, At(20))), ElementsAre("11  8-20", "9  5-20"));
}

TEST(SpansOfMarksTest, ADisconnectionThatBecameASilenceCountsOnce) {
  const std::vector marks{Mark(0, DeviceState::kProvisioning),
                          Mark(5, DeviceState::kProvisioning, ContactState::kDisconnected),
                          Mark(5, DeviceState::kProvisioning, ContactState::kSilent),
                          Mark(9, DeviceState::kProvisioning)};
  EXPECT_THAT(Text(SpansOfMarks(marks, At(20))), ElementsAre("9  5-9"));
}

TEST(PathItemsTest, LeavesOutBackgroundAndWhatNeverBegan) {
  std::vector<Item> items(3);
  items[0] = {.item_id = *ItemId::Parse("a"), .start_time = At(1), .end_time = At(3)};
  items[1] = {.item_id = *ItemId::Parse("b"), .gating = Gating::kBackground, .start_time = At(1)};
  items[2] = {.item_id = *ItemId::Parse("c")};
  const auto path = PathItemsOf(items, At(9));
  ASSERT_EQ(path.size(), 1u);
  EXPECT_EQ(path[0].end, At(3));
  items[0].end_time.reset();
  EXPECT_EQ(PathItemsOf(items, At(9))[0].end, At(9));
}

}  // namespace
}  // namespace preseal::server
