// SPDX-License-Identifier: Apache-2.0
// Separators and the Secure Boot variables: attestation.md, bad inputs 70 to 72. Every log is
// judged against a TPM into which exactly it was extended.
#include <gtest/gtest.h>

#include "server/domain/event_log/event_log_judge.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/guid.h"
#include "tests/support/event_log_builder.h"

namespace preseal::server {
namespace {

using test::EventLogBuilder;
using test::EventSpec;
using test::UefiVariableData;
using enum RefusalCode;

const Bytes kZeros(4, 0);

EventLogJudgement JudgeAlone(const EventLogBuilder& log) {
  return JudgeEventLog(ParseEventLog(log.Build()), {}, {});
}
EventLogJudgement JudgeTrue(const EventLogBuilder& log) {
  return JudgeEventLog(ParseEventLog(log.Build()), log.Quote(), {});
}

void SetVariable(EventLogBuilder& log, std::string_view name, std::string_view guid,
                 const Bytes& data) {
  EventSpec& event = log.FindVariable(name);
  event.data = event.measured = UefiVariableData(guid, name, data);
}
void Remove(EventLogBuilder& log, const EventSpec& event) {
  log.events().erase(log.events().begin() + static_cast<ptrdiff_t>(log.IndexOf(event)));
}

class SeparatorTest : public testing::Test {
 protected:
  EventLogBuilder log_ = EventLogBuilder().SecureBootBoot();
};
class SecureBootVariableTest : public SeparatorTest {};

// --- bad input 70: separators ---

TEST_F(SeparatorTest, AcceptsASeparatorOfOnes) {
  log_.Find(2, kEvSeparator).data = log_.Find(2, kEvSeparator).measured = Bytes(4, 0xFF);
  EXPECT_EQ(JudgeTrue(log_).code, kNone);
}

TEST_F(SeparatorTest, RefusesASeparatorOfFiveBytes) {
  log_.Find(2, kEvSeparator).data = log_.Find(2, kEvSeparator).measured = Bytes(5, 0);
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogSeparator);
}

TEST_F(SeparatorTest, TakesTheDigestOf1AsAFirmwareError) {
  log_.Find(2, kEvSeparator).measured = {1, 0, 0, 0};
  log_.Find(2, kEvSeparator).data = ToBytes("what went wrong");
  const auto judgement = JudgeTrue(log_);
  EXPECT_EQ(judgement.code, kNone) << judgement.seen;
  size_t errors = 0;
  for (const SeparatorFact& fact : judgement.facts.separators) errors += fact.firmware_error;
  EXPECT_EQ(errors, 1u);
}

TEST_F(SeparatorTest, RefusesASeparatorWithTheDigestOfOtherData) {
  log_.Find(2, kEvSeparator).measured = ToBytes("other");
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogDataDigest);
}

TEST_F(SeparatorTest, RefusesAnActionWithTheDigestOfASeparator) {
  log_.Add(4, kEvAction, kZeros);
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogEventType);
}

TEST_F(SeparatorTest, AllowsTheMarkOfWindowsWhereWindowsWritesIt) {
  log_.Add(13, kEvSeparator, AsBytes("WBCL"));
  EXPECT_EQ(JudgeTrue(log_).code, kNone);
  log_.events().back().pcr = 8;
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogSeparator);
}

// --- bad input 71 ---

TEST_F(SeparatorTest, RefusesAMissingSeparatorInAnyFirmwarePcr) {
  for (uint32_t pcr = 0; pcr < 8; ++pcr) {
    EventLogBuilder without = EventLogBuilder().SecureBootBoot();
    without.Add(pcr, kEvEfiAction, AsBytes("not empty"));
    Remove(without, without.Find(pcr, kEvSeparator));
    EXPECT_EQ(JudgeTrue(without).code, kEventLogSeparator) << pcr;
    EXPECT_EQ(JudgeAlone(without).code, kEventLogSeparator) << pcr;
  }
}

TEST_F(SeparatorTest, RefusesASecondSeparatorInAnyFirmwarePcr) {
  for (uint32_t pcr = 0; pcr < 8; ++pcr) {
    EventLogBuilder twice = EventLogBuilder().SecureBootBoot();
    twice.Add(pcr, kEvSeparator, kZeros);
    EXPECT_EQ(JudgeTrue(twice).code, kEventLogSeparator) << pcr;
  }
}

// --- bad input 72 ---

TEST_F(SecureBootVariableTest, ReadsSecureBootOffAndMalformedAsWhatTheyAre) {
  SetVariable(log_, "SecureBoot", kGuidGlobalVariable, {0});
  EXPECT_EQ(JudgeTrue(log_).facts.secure_boot, SecureBootState::kOff);
  SetVariable(log_, "SecureBoot", kGuidGlobalVariable, {1, 1});
  EXPECT_EQ(JudgeTrue(log_).facts.secure_boot, SecureBootState::kMalformed);
}

TEST_F(SecureBootVariableTest, RefusesEachVariableThatIsNotLogged) {
  for (const std::string_view name : {"SecureBoot", "PK", "KEK", "db", "dbx"}) {
    EventLogBuilder without = EventLogBuilder().SecureBootBoot();
    Remove(without, without.FindVariable(name));
    EXPECT_EQ(JudgeTrue(without).code, kEventLogDupVariable) << name;
  }
}

TEST_F(SecureBootVariableTest, RefusesAVariableOfAnotherVendor) {
  SetVariable(log_, "SecureBoot", kGuidShimLock, {1});
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogDupVariable);
  EXPECT_EQ(JudgeTrue(log_).facts.secure_boot, SecureBootState::kNotLogged);
}

}  // namespace
}  // namespace preseal::server
