// SPDX-License-Identifier: Apache-2.0
// The form of event logs: attestation.md, bad inputs 55 to 69 and 81.
#include "server/domain/event_log/event_log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/limits.h"
#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log_judge.h"
#include "server/domain/event_log/event_types.h"
#include "tests/support/event_log_builder.h"

namespace preseal::server {
namespace {

using test::EventLogBuilder;
using test::EventSpec;
using test::Join;
using test::LittleEndian;

constexpr size_t kCountOffset = 24;  // of the number of algorithms in a Spec ID event

EventLogBuilder GoodBoot() { return EventLogBuilder().SecureBootBoot(); }

RefusalCode FaultOf(const Bytes& log) {
  const ParsedEventLog parsed = ParseEventLog(log);
  return parsed.fault ? parsed.fault->code : RefusalCode::kNone;
}
RefusalCode StartupFaultOf(const EventLogBuilder& log) {
  const ParsedEventLog parsed = ParseEventLog(log.Build());
  EXPECT_FALSE(parsed.fault.has_value());
  return parsed.startup_fault ? parsed.startup_fault->code : RefusalCode::kNone;
}

EventSpec NoAction(uint32_t pcr, Bytes data) {
  EventSpec event;
  event.pcr = pcr;
  event.type = kEvNoAction;
  event.data = std::move(data);
  return event;
}
EventSpec StartupLocality(Bytes locality) {
  return NoAction(0, Join({ToBytes("StartupLocality"), {0}, std::move(locality)}));
}

TEST(EventLogTest, ReadsAWholeBoot) {
  const ParsedEventLog log = ParseEventLog(GoodBoot().Build());
  EXPECT_FALSE(log.fault.has_value());
  EXPECT_EQ(log.format, EventLogFormat::kCryptoAgile);
  EXPECT_EQ(log.algorithms.size(), 2u);
  EXPECT_EQ(log.events.size(), GoodBoot().events().size() + 1);
  EXPECT_EQ(log.startup_locality, 3);
}

TEST(EventLogTest, SaysThatAnEmptyLogIsMissing) {
  EXPECT_EQ(FaultOf({}), RefusalCode::kEventLogMissing);
}

TEST(EventLogTest, RefusesNoise) {
  EXPECT_EQ(FaultOf(Bytes(34, 0x5A)), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesDataOfMoreBytesThanAreLeft) {
  EventLogBuilder log = GoodBoot();
  log.events().back().stated_data_bytes = 1'200'000'000;
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesAnAlgorithmCountBeyondItsList) {
  EventLogBuilder log = GoodBoot();
  std::fill_n(log.spec_id.begin() + kCountOffset, 4, 0xFF);
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesAHeaderWithoutAlgorithms) {
  EXPECT_EQ(FaultOf(EventLogBuilder(std::vector<uint16_t>()).Build()),
            RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesAnAlgorithmListedTwice) {
  EXPECT_EQ(FaultOf(EventLogBuilder({kBankSha256, kBankSha256}).Build()),
            RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesNineAlgorithms) {
  EventLogBuilder log({kBankSha256});
  log.spec_id =
      Join({Bytes(log.spec_id.begin(), log.spec_id.begin() + kCountOffset), LittleEndian(9, 4)});
  for (uint8_t i = 0; i < 9; ++i) log.spec_id = Join({log.spec_id, {i, 0x27, 32, 0}});
  log.spec_id.push_back(0);
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesDigestSizesThatAreNotTheAlgorithms) {
  for (const uint64_t size : {0, 31, 33, 65535}) {
    EventLogBuilder log({kBankSha256});
    const Bytes bytes = LittleEndian(size, 2);
    std::copy(bytes.begin(), bytes.end(), log.spec_id.begin() + kCountOffset + 6);
    EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed) << size;
  }
}

TEST(EventLogTest, RefusesAnUnknownAlgorithmOfImpossibleSize) {
  for (const uint64_t size : {0, 65, 65535}) {
    EventLogBuilder log({kBankSha256});
    const Bytes entry = Join({{0x27, 0}, LittleEndian(size, 2)});
    std::copy(entry.begin(), entry.end(), log.spec_id.begin() + kCountOffset + 4);
    EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed) << size;
  }
}

TEST(EventLogTest, RefusesVendorDataThatDoesNotFillTheHeader) {
  EventLogBuilder log = GoodBoot();
  log.spec_id.back() = 4;
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
  log.spec_id.insert(log.spec_id.end(), 4, 0xAA);
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kNone);
  log.spec_id.push_back(0xAA);
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesStrayBytesAfterTheHeader) {
  const Bytes log = Join({EventLogBuilder().Build(), Bytes(4, 0x01)});
  EXPECT_EQ(FaultOf(log), RefusalCode::kEventLogMalformed);
}

// Only a cut between two records leaves a log that can be read; then events are missing, which the
// replay and the separators show.
TEST(EventLogTest, RefusesALogCutOffAtAnyByte) {
  const EventLogBuilder builder = GoodBoot();
  const Bytes log = builder.Build();
  const auto quoted = builder.Quote();
  std::vector<size_t> borders;
  for (const LoggedEvent& event : ParseEventLog(log).events) borders.push_back(event.offset);
  for (size_t size = 0; size < log.size(); ++size) {
    const ParsedEventLog cut = ParseEventLog(ByteView(log).first(size));
    const bool at_border = size > 0 && std::count(borders.begin(), borders.end(), size) > 0;
    ASSERT_EQ(cut.fault.has_value(), !at_border) << size;
    ASSERT_TRUE(JudgeEventLog(cut, quoted, {}).refused()) << size;
  }
}

TEST(EventLogTest, RefusesPaddingBehindTheLastRecord) {
  const Bytes good = GoodBoot().Build();
  for (const uint8_t pad : Bytes{0x00, 0xFF}) {
    for (const size_t size : {1, 12, 64, 4096}) {
      EXPECT_EQ(FaultOf(Join({good, Bytes(size, pad)})), RefusalCode::kEventLogMalformed)
          << int{pad} << " times " << size;
    }
  }
}

TEST(EventLogTest, ReadsALegacyLog) {
  const ParsedEventLog log = ParseEventLog(GoodBoot().BuildLegacy());
  EXPECT_FALSE(log.fault.has_value());
  EXPECT_EQ(log.format, EventLogFormat::kLegacySha1);
  EXPECT_EQ(JudgeEventLog(log, {}, {}).code, RefusalCode::kEventLogNoBank);
}

TEST(EventLogTest, ALegacyLogReplaysLikeTheSha1BankOfTheSameBoot) {
  const auto legacy = ReplayEventLog(ParseEventLog(GoodBoot().BuildLegacy()));
  const auto agile = ReplayEventLog(ParseEventLog(GoodBoot().Build()));
  ASSERT_EQ(legacy.size(), 1u);
  for (size_t pcr = 0; pcr < 24; ++pcr) {
    EXPECT_EQ(legacy[0].pcrs[pcr].value, FindBank(agile, kBankSha1)->pcrs[pcr].value) << pcr;
  }
}

TEST(EventLogTest, AcceptsStartupLocality0And3And4Only) {
  for (const uint8_t locality : Bytes{0, 1, 2, 3, 4, 5, 255}) {
    EventLogBuilder log = GoodBoot();
    log.events().front() = StartupLocality({locality});
    const bool allowed = locality == 0 || locality == 3 || locality == 4;
    EXPECT_EQ(StartupFaultOf(log) == RefusalCode::kNone, allowed) << int{locality};
  }
}

TEST(EventLogTest, RefusesASecondStartupLocality) {
  EventLogBuilder log = GoodBoot();
  log.events().insert(log.events().begin(), StartupLocality({3}));
  EXPECT_EQ(StartupFaultOf(log), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesAStartupLocalityAfterPcr0WasExtended) {
  EventLogBuilder log = GoodBoot();
  std::swap(log.events()[0], log.events()[1]);
  EXPECT_EQ(StartupFaultOf(log), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesAStartupLocalityOfAnotherPcrOrSize) {
  EventLogBuilder other_pcr = GoodBoot();
  other_pcr.events().front().pcr = 1;
  EXPECT_EQ(StartupFaultOf(other_pcr), RefusalCode::kEventLogMalformed);
  EventLogBuilder longer = GoodBoot();
  longer.events().front() = StartupLocality({3, 0});
  EXPECT_EQ(StartupFaultOf(longer), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, AnHcrtmEventStartsPcr0AtLocality4) {
  EventLogBuilder log;
  log.Add(0, kEvEfiHcrtmEvent, AsBytes("HCRTM"), AsBytes("code"));
  const ParsedEventLog parsed = ParseEventLog(log.Build());
  EXPECT_FALSE(parsed.startup_fault.has_value());
  Bytes start(32, 0);
  start.back() = 4;
  EXPECT_EQ(ReplayEventLog(parsed)[1].pcrs[0].value,
            BankHash(kBankSha256, Join({start, BankHash(kBankSha256, AsBytes("code"))})));
}

TEST(EventLogTest, RefusesAnHcrtmEventAfterOthersOrAgainstTheLocality) {
  EventLogBuilder late = GoodBoot();
  late.Add(0, kEvEfiHcrtmEvent, AsBytes("HCRTM"));
  EXPECT_EQ(StartupFaultOf(late), RefusalCode::kEventLogMalformed);
  EventLogBuilder against = GoodBoot();
  against.events()[1].type = kEvEfiHcrtmEvent;
  EXPECT_EQ(StartupFaultOf(against), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesADigestOnAnEventThatIsNeverExtended) {
  EventLogBuilder log = GoodBoot();
  log.events().front().digests = {Bytes(20, 0), Bytes(32, 1)};
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogEventType);
}

TEST(EventLogTest, RefusesAPcrThereIsNot) {
  EventLogBuilder log = GoodBoot();
  log.events().back().pcr = 24;
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, AllowsNoPcrToUnmeasuredEventsOnly) {
  EventLogBuilder log = GoodBoot();
  log.Add(NoAction(kNoPcr, ToBytes("option ROM log")));
  log.events().back().digests = {Bytes(20, 7), Bytes(32, 7)};  // as a real log has it
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kNone);
  log.events().back().type = kEvIpl;
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogEventType);
}

TEST(EventLogTest, AcceptsAnSp800155Event) {
  EventLogBuilder log = GoodBoot();
  log.events().insert(log.events().begin(),
                      NoAction(0, Join({ToBytes("SP800-155 Event3"), Bytes(144, 7)})));
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kNone);
  EXPECT_EQ(ReplayEventLog(ParseEventLog(log.Build()))[1].pcrs[0].value,
            ReplayEventLog(ParseEventLog(GoodBoot().Build()))[1].pcrs[0].value);
}

TEST(EventLogTest, RefusesARecordWithoutOneOfTheAlgorithms) {
  EventLogBuilder log = GoodBoot();
  log.events().back().digests = {Bytes(20, 1)};
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesARecordWithOneAlgorithmTwice) {
  EventLogBuilder log({kBankSha256});
  log.SecureBootBoot();
  log.events().back().digests = {Bytes(32, 1), Bytes(32, 1)};
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, KeepsApartABankThatNoRecordFeeds) {
  EventLogBuilder log;
  for (int i = 0; i < 3; ++i) log.Add(4, kEvEfiAction, AsBytes("action"));
  for (EventSpec& event : log.events()) event.digests = {BankHash(kBankSha1, event.measured)};
  const ParsedEventLog parsed = ParseEventLog(log.Build());
  EXPECT_FALSE(parsed.fault.has_value());
  ASSERT_EQ(parsed.unfed.size(), 1u);
  EXPECT_EQ(parsed.unfed[0].id, kBankSha256);
  EXPECT_FALSE(parsed.Feeds(kBankSha256));
}

TEST(EventLogTest, RefusesAHundredThousandEmptyEvents) {
  const Bytes empty = Join({LittleEndian(0, 8), LittleEndian(1, 4), LittleEndian(kBankSha256, 2),
                            Bytes(32, 1), LittleEndian(0, 4)});
  Bytes log = EventLogBuilder({kBankSha256}).Build();
  for (int i = 0; i < 100'000; ++i) log.insert(log.end(), empty.begin(), empty.end());
  EXPECT_EQ(FaultOf(log), RefusalCode::kInputTooLarge);
}

TEST(EventLogTest, RefusesOneEventTooMany) {
  EventLogBuilder log({kBankSha256});
  for (size_t i = 1; i < kEventLogEventsMax; ++i) log.Add(0, kEvPostCode, {});
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kNone);
  log.Add(0, kEvPostCode, {});
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kInputTooLarge);
}

TEST(EventLogTest, RefusesAnEventThatIsTooLarge) {
  EventLogBuilder log({kBankSha256});
  log.Add(0, kEvPostCode, Bytes(kEventLogEventBytesMax, 0));
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kNone);
  log.events().back().data.push_back(0);
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kInputTooLarge);
}

// GHSA-9r4w-jg96-92mv: what one reader extends and another skips.
TEST(EventLogTest, RefusesAHeaderThatCouldBeExtended) {
  EventLogBuilder with_digest = GoodBoot();
  with_digest.header.digests = {Bytes(20, 0x11)};
  EXPECT_EQ(FaultOf(with_digest.Build()), RefusalCode::kEventLogMalformed);
  EventLogBuilder of_type = GoodBoot();
  of_type.header.type = kEvPostCode;
  EXPECT_EQ(FaultOf(of_type.Build()), RefusalCode::kEventLogMalformed);
  EventLogBuilder in_pcr = GoodBoot();
  in_pcr.header.pcr = 1;
  EXPECT_EQ(FaultOf(in_pcr.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, RefusesASecondHeader) {
  EventLogBuilder log = GoodBoot();
  log.Add(NoAction(0, log.spec_id));
  EXPECT_EQ(FaultOf(log.Build()), RefusalCode::kEventLogMalformed);
}

TEST(EventLogTest, KeepsEverythingBeforeTheFault) {
  EventLogBuilder log = GoodBoot();
  const auto good = log.Quote();
  log.Add(24, kEvPostCode, AsBytes("late"));
  const ParsedEventLog parsed = ParseEventLog(log.Build());
  ASSERT_TRUE(parsed.fault.has_value());
  EXPECT_EQ(parsed.events.size(), log.events().size());
  EXPECT_EQ(ReplayEventLog(parsed)[1].pcrs[4].value, good[1].values.at(4));
}

}  // namespace
}  // namespace preseal::server
