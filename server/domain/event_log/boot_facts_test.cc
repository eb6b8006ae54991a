// SPDX-License-Identifier: Apache-2.0
// What is read out of events: attestation.md, bad inputs 73 and 75 to 78.
#include "server/domain/event_log/boot_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log_judge.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/uefi_variable.h"
#include "tests/support/event_log_builder.h"

namespace preseal::server {
namespace {

using test::EventLogBuilder;
using test::EventSpec;
using test::Join;
using test::LittleEndian;
using test::UefiVariableData;
using testing::HasSubstr;
using testing::SizeIs;

EventLogJudgement JudgeTrue(const EventLogBuilder& log) {
  return JudgeEventLog(ParseEventLog(log.Build()), log.Quote(), {});
}
BootFacts FactsOf(const EventLogBuilder& log) { return JudgeTrue(log).facts; }

EventLogBuilder GoodBoot() { return EventLogBuilder().SecureBootBoot(); }

TEST(BootFactsTest, NamesWhatAWholeBootProves) {
  const BootFacts facts = FactsOf(GoodBoot());
  EXPECT_EQ(facts.secure_boot, SecureBootState::kOn);
  EXPECT_FALSE(facts.setup_mode.has_value());
  EXPECT_THAT(facts.pk.lists.entries, SizeIs(1));
  EXPECT_THAT(facts.dbx.lists.entries, SizeIs(2));
  EXPECT_EQ(facts.dbx.lists.entries[0].data, Bytes(32, 0xD1));
  EXPECT_THAT(facts.separators, SizeIs(8));
  EXPECT_TRUE(facts.calling_boot_option);
  EXPECT_TRUE(facts.exit_boot_services);
  EXPECT_FALSE(facts.application_before_call);
  ASSERT_THAT(facts.kernel_command_lines, SizeIs(1));
  EXPECT_EQ(facts.kernel_command_lines[0].text, "/boot/vmlinuz quiet preseal=1");
  ASSERT_THAT(facts.boot_loader_commands, SizeIs(1));
  EXPECT_EQ(facts.boot_loader_commands[0].text, "search --label PRESEAL");
  EXPECT_EQ(facts.altered, 0u);
}

TEST(BootFactsTest, NamesTheCertificateAnImageWasAllowedBy) {
  const BootFacts facts = FactsOf(GoodBoot());
  ASSERT_THAT(facts.authorities, SizeIs(1));
  const auto certificate = crypto::Certificate::FromDer(test::BootAuthorityCertificate());
  EXPECT_EQ(facts.authorities[0].kind, AuthorityKind::kCertificate);
  EXPECT_EQ(facts.authorities[0].fingerprint, ToHex(certificate->fingerprint()));
  EXPECT_THAT(facts.authorities[0].subject, HasSubstr("Boot Authority"));
}

TEST(BootFactsTest, ReadsShimsShortAuthorityAndSaysSo) {
  EventLogBuilder log = GoodBoot();
  const Bytes measured = UefiVariableData(kGuidShimLock, "Shim", test::BootAuthorityCertificate());
  log.Add(7, kEvEfiVariableAuthority, Join({measured, {0}}), measured);
  const auto judgement = JudgeTrue(log);
  EXPECT_FALSE(judgement.refused()) << judgement.seen;
  ASSERT_THAT(judgement.facts.authorities, SizeIs(2));
  EXPECT_EQ(judgement.facts.authorities[1].variable, "Shim");
  EXPECT_EQ(judgement.facts.authorities[1].kind, AuthorityKind::kCertificate);
  ASSERT_THAT(judgement.facts.quirks, SizeIs(1));
  EXPECT_THAT(judgement.facts.quirks[0].text, HasSubstr("shim"));
}

TEST(BootFactsTest, KnowsAnImageAllowedByItsHash) {
  EventLogBuilder log = GoodBoot();
  const Bytes signature = Join({GuidBytes(kGuidShimLock), Bytes(32, 0xAB)});
  log.Add(7, kEvEfiVariableAuthority, UefiVariableData(kGuidSecurityDatabase, "db", signature));
  const BootFacts facts = FactsOf(log);
  ASSERT_THAT(facts.authorities, SizeIs(2));
  EXPECT_EQ(facts.authorities[1].kind, AuthorityKind::kImageHash);
  EXPECT_EQ(facts.authorities[1].fingerprint, ToHex(Bytes(32, 0xAB)));
}

// --- 73: lengths that overflow ---

TEST(BootFactsTest, RefusesAVariableNameOf2To63Units) {
  EventLogBuilder log = GoodBoot();
  EventSpec& event = log.FindVariable("SecureBoot");
  for (const uint64_t units : {uint64_t{1} << 63, ~uint64_t{0}, uint64_t{0x7FFFFFFFFFFFFFFF}}) {
    const Bytes bytes = LittleEndian(units, 8);
    std::copy(bytes.begin(), bytes.end(), event.data.begin() + 16);
    event.measured = event.data;
    EXPECT_EQ(JudgeTrue(log).code, RefusalCode::kEventLogMalformed) << units;
  }
}

TEST(BootFactsTest, RefusesVariableDataThatDoesNotFillTheEvent) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{2}, ~uint64_t{0}}) {
    EventLogBuilder log = GoodBoot();
    EventSpec& event = log.FindVariable("SecureBoot");
    const Bytes bytes = LittleEndian(size, 8);
    std::copy(bytes.begin(), bytes.end(), event.data.begin() + 24);
    event.measured = event.data;
    EXPECT_EQ(JudgeTrue(log).code, RefusalCode::kEventLogMalformed) << size;
  }
}

// --- boot entries, 75: device paths ---

TEST(BootFactsTest, ReadsABootOption) {
  const BootFacts facts = FactsOf(GoodBoot());
  ASSERT_THAT(facts.boot_entries, SizeIs(2));
  EXPECT_EQ(facts.boot_entries[1].name, "Boot0001");
  EXPECT_EQ(facts.boot_entries[1].description, "Preseal medium");
  EXPECT_EQ(facts.boot_entries[1].path, R"(\\EFI\\BOOT\\BOOTX64.EFI)");  // escaped
  EXPECT_TRUE(facts.boot_entries[1].well_formed);
  EXPECT_FALSE(facts.boot_entries[1].name_attested);
}

TEST(BootFactsTest, ANameIsVouchedForWhereTheWholeEventIsMeasured) {
  EventLogBuilder log = GoodBoot();
  log.Find(1, kEvEfiVariableBoot, 1).measured = log.Find(1, kEvEfiVariableBoot, 1).data;
  EXPECT_TRUE(FactsOf(log).boot_entries[1].name_attested);
}

Bytes OptionWithPath(const Bytes& path) {
  return Join({LittleEndian(1, 4), LittleEndian(path.size(), 2), test::Utf16("x"), {0, 0}, path});
}

TEST(BootFactsTest, EndsDevicePathsThatWouldLoop) {
  Bytes many;
  for (size_t i = 0; i <= kDevicePathNodesMax; ++i) many = Join({many, {1, 1, 4, 0}});
  const std::pair<const char*, Bytes> paths[] = {{"length 0", {4, 4, 0, 0, 0x7F, 0xFF, 4, 0}},
                                                 {"length 3", {4, 4, 3, 0, 0x7F, 0xFF, 4, 0}},
                                                 {"beyond the data", {4, 4, 0xFF, 0xFF}},
                                                 {"no end", {4, 4, 4, 0}},
                                                 {"too many", Join({many, {0x7F, 0xFF, 4, 0}})}};
  for (const auto& [what, path] : paths) {
    EventLogBuilder log = GoodBoot();
    const Bytes option = OptionWithPath(path);
    log.Add(1, kEvEfiVariableBoot, UefiVariableData(kGuidGlobalVariable, "Boot0002", option),
            option);
    const auto judgement = JudgeTrue(log);
    EXPECT_FALSE(judgement.refused()) << what << judgement.seen;
    EXPECT_FALSE(judgement.facts.boot_entries.back().well_formed) << what;
    EXPECT_THAT(judgement.facts.quirks, SizeIs(1)) << what;
  }
}

// --- 76: names that harm a terminal or a log ---

Bytes AuthorityNamed(const Bytes& utf16) {
  return Join({GuidBytes(kGuidShimLock),
               LittleEndian(utf16.size() / 2, 8),
               LittleEndian(1, 8),
               utf16,
               {1}});
}

TEST(BootFactsTest, ShowsLoneSurrogatesAndControlCharactersEscaped) {
  EventLogBuilder log = GoodBoot();
  log.Add(7, kEvEfiVariableAuthority,
          AuthorityNamed({0x00, 0xD8, 0x1B, 0x00, 0x41, 0x00, 0x0A, 0x00}));
  const BootFacts facts = FactsOf(log);
  EXPECT_EQ(facts.authorities.back().variable, R"(\xed\xa0\x80\x1bA\x0a)");
}

TEST(BootFactsTest, CutsANameOf64KiB) {
  EventLogBuilder log = GoodBoot();
  log.Add(7, kEvEfiVariableAuthority, AuthorityNamed(test::Utf16(std::string(32 * 1024, 'n'))));
  EXPECT_LE(FactsOf(log).authorities.back().variable.size(), kShownBytesMax + 3);
}

TEST(BootFactsTest, PairsOfSurrogatesAreOneCharacter) {
  EXPECT_EQ(Utf16ToText(Bytes{0x3D, 0xD8, 0x00, 0xDE}), "\U0001F600");
  EXPECT_NE(Utf16ToText(Bytes{0x00, 0xD8}), Utf16ToText(Bytes{0x01, 0xD8}));
}

// --- 77: GRUB's events ---

TEST(BootFactsTest, ReadsEveryFormOfGrubsText) {
  const std::pair<std::string, std::string> forms[] = {
      {std::string("grub_cmd: ls\0", 13), "ls"},                    // since 2.04
      {std::string("grub_cmd ls\0", 12), "ls"},                     // older: no colon
      {std::string("grub_cmd: ls\0", 13), std::string("ls\0", 3)},  // NUL measured
      {"ls", "ls"}};                                                // bare text
  for (const auto& [logged, measured] : forms) {
    EventLogBuilder log = GoodBoot();
    log.Add(8, kEvIpl, AsBytes(logged), AsBytes(measured));
    const BootFacts facts = FactsOf(log);
    ASSERT_THAT(facts.boot_loader_commands, SizeIs(2)) << logged;
    EXPECT_EQ(facts.boot_loader_commands[1].text, "ls") << logged;
  }
}

TEST(BootFactsTest, SurvivesGrubEventsOfThePrefixOnly) {
  for (const std::string& logged :
       {std::string("grub_cmd"), std::string("grub_cmd:"), std::string("grub_cmd: "),
        std::string("kernel_cmdline: \0", 17), std::string()}) {
    EventLogBuilder log = GoodBoot();
    log.Add(8, kEvIpl, AsBytes(logged), AsBytes("something else"));
    EXPECT_FALSE(JudgeTrue(log).refused()) << logged;
    EXPECT_EQ(FactsOf(log).opaque, FactsOf(GoodBoot()).opaque + 1) << logged;
    log.events().back().measured.clear();
    EXPECT_EQ(FactsOf(log).boot_loader_commands.size() + FactsOf(log).kernel_command_lines.size(),
              logged == "grub_cmd" ? 2u : 3u)
        << logged;
  }
}

TEST(BootFactsTest, ACommandLineThatWasNotMeasuredIsNoFact) {
  EventLogBuilder log = GoodBoot();
  log.Add(8, kEvIpl, AsBytes("kernel_cmdline: init=/bin/sh"), AsBytes("kernel_cmdline: quiet"));
  EXPECT_THAT(FactsOf(log).kernel_command_lines, SizeIs(1));
}

// --- 78: nested containers ---

Bytes Nested(int depth) {
  Bytes item = {1, 0, 0, 0, 0, 0, 0, 0};
  for (int i = 0; i < depth; ++i) {
    item = Join({LittleEndian(0x40010001, 4), LittleEndian(item.size(), 4), item});
  }
  return item;
}

TEST(BootFactsTest, CountsContainersUpToTheirLimit) {
  EventLogBuilder log = GoodBoot();
  log.Add(12, kEvEventTag, Nested(kEventTagDepthMax - 1));
  const EventTagFacts tags = FactsOf(log).event_tags;
  EXPECT_EQ(tags.depth, kEventTagDepthMax);
  EXPECT_EQ(tags.items, static_cast<uint32_t>(kEventTagDepthMax));
  EXPECT_FALSE(tags.too_deep);
  EXPECT_FALSE(tags.malformed);
}

TEST(BootFactsTest, DoesNotFollowContainersTenThousandDeep) {
  EventLogBuilder log = GoodBoot();
  log.Add(12, kEvEventTag, Nested(10'000));
  const auto judgement = JudgeTrue(log);
  EXPECT_FALSE(judgement.refused()) << judgement.seen;
  EXPECT_TRUE(judgement.facts.event_tags.too_deep);
  EXPECT_EQ(judgement.facts.event_tags.depth, kEventTagDepthMax);
}

TEST(BootFactsTest, IgnoresContainersBehindTheMarkOfWindowsAndUnmeasuredOnes) {
  EventLogBuilder log = GoodBoot();
  log.Add(12, kEvEventTag, Nested(1), AsBytes("something else"));
  log.Add(12, kEvSeparator, AsBytes("WBCL"));
  log.Add(12, kEvEventTag, Nested(1));
  EXPECT_EQ(FactsOf(log).event_tags.events, 0u);
}

TEST(BootFactsTest, KeepsABoundedNumberOfFacts) {
  EventLogBuilder log = GoodBoot();
  for (size_t i = 0; i <= kBootFactsMax; ++i)
    log.Add(8, kEvIpl, AsBytes("grub_cmd: x"), AsBytes("x"));
  const BootFacts facts = FactsOf(log);
  EXPECT_THAT(facts.boot_loader_commands, SizeIs(kBootFactsMax));
  EXPECT_EQ(facts.left_out, 2u);
}

// --- signature lists ---

TEST(SignatureListTest, SkipsTheHeaderOfAList) {
  const Bytes entry = Join({GuidBytes(kGuidShimLock), Bytes(32, 9)});
  const Bytes list = Join({GuidBytes(kGuidCertSha256), LittleEndian(28 + 5 + 48, 4),
                           LittleEndian(5, 4), LittleEndian(48, 4), Bytes(5, 0xEE), entry});
  const SignatureLists lists = ParseSignatureLists(list);
  EXPECT_EQ(lists.wrong, "");
  ASSERT_THAT(lists.entries, SizeIs(1));
  EXPECT_EQ(lists.entries[0].data, Bytes(32, 9));
}

TEST(SignatureListTest, RefusesEntriesWithoutSize) {
  for (const uint32_t size : {0u, 16u}) {
    const Bytes list = Join({GuidBytes(kGuidCertX509), LittleEndian(28 + 32, 4), LittleEndian(0, 4),
                             LittleEndian(size, 4), Bytes(32, 0)});
    EXPECT_NE(ParseSignatureLists(list).wrong, "") << size;
  }
}

TEST(SignatureListTest, RefusesAHeaderLongerThanItsList) {
  const Bytes list = Join({GuidBytes(kGuidCertX509), LittleEndian(28, 4),
                           LittleEndian(0xFFFFFFFF, 4), LittleEndian(17, 4)});
  EXPECT_NE(ParseSignatureLists(list).wrong, "");
}

TEST(SignatureListTest, KeepsABoundedNumberOfEntries) {
  const Bytes most = test::SignatureList(
      kGuidCertSha256, std::vector<Bytes>(kSignatureListEntriesMax, Bytes(48, 1)));
  EXPECT_EQ(ParseSignatureLists(most).wrong, "");
  const Bytes one_more = Join({most, test::SignatureList(kGuidCertSha256, {Bytes(48, 1)})});
  EXPECT_NE(ParseSignatureLists(one_more).wrong, "");
  EXPECT_THAT(ParseSignatureLists(one_more).entries, SizeIs(kSignatureListEntriesMax));
}

}  // namespace
}  // namespace preseal::server
