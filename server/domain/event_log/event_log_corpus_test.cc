// SPDX-License-Identifier: Apache-2.0
// Every third-party event log, replayed and judged as the samples' index.json says.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log.h"
#include "server/domain/event_log/event_log_judge.h"
#include "server/domain/event_log/replay.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

std::vector<nlohmann::json> IndexedLogs() {
  std::ifstream in(test::TestdataDir() / "index.json");
  std::vector<nlohmann::json> logs;
  const nlohmann::json index = nlohmann::json::parse(in);
  for (const auto& entry : index.at("files")) {
    if (entry.at("kind").get<std::string>().starts_with("event-log")) logs.push_back(entry);
  }
  return logs;
}

// {bank: {index: hex}} of what the log extends, as the index writes it.
nlohmann::json Replayed(const ParsedEventLog& log) {
  nlohmann::json banks = nlohmann::json::object();
  for (const ReplayedBank& bank : ReplayEventLog(log)) {
    nlohmann::json& pcrs = banks[BankName(bank.algorithm)] = nlohmann::json::object();
    for (size_t pcr = 0; pcr < bank.pcrs.size(); ++pcr) {
      if (bank.pcrs[pcr].touched()) pcrs[std::to_string(pcr)] = ToHex(bank.pcrs[pcr].value);
    }
  }
  return banks;
}

// Real TPM values may be given for some banks or PCRs only, and for PCRs nothing was extended into.
void ExpectReplays(const ParsedEventLog& log, const nlohmann::json& tpm_values) {
  const auto banks = ReplayEventLog(log);
  for (const ReplayedBank& bank : banks) {
    const nlohmann::json values =
        tpm_values.value(BankName(bank.algorithm), nlohmann::json::object());
    for (const auto& [pcr, value] : values.items()) {
      EXPECT_EQ(ToHex(bank.pcrs.at(std::stoul(pcr)).value), value) << "PCR " << pcr;
    }
  }
}

TEST(EventLogCorpusTest, ReplaysEveryLogToTheValuesOfTheIndex) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  int compared = 0;
  for (const auto& entry : IndexedLogs()) {
    const auto file = entry.at("file").get<std::string>();
    SCOPED_TRACE(file);
    const auto& expected = entry.at("expected");
    if (!expected.contains("replay_pcrs")) continue;
    const ParsedEventLog log = ParseEventLog(test::ReadTestdata(file));
    EXPECT_EQ(Replayed(log), expected.at("replay_pcrs"));
    if (expected.contains("tpm_pcrs_from_origin")) {
      ExpectReplays(log, expected.at("tpm_pcrs_from_origin"));
    }
    ++compared;
  }
  EXPECT_GE(compared, 19);
}

TEST(EventLogCorpusTest, ParsesWhatMustParseAndNothingElse) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  int right = 0;
  int total = 0;
  for (const auto& entry : IndexedLogs()) {
    const auto file = entry.at("file").get<std::string>();
    SCOPED_TRACE(file);
    const ParsedEventLog log = ParseEventLog(test::ReadTestdata(file));
    const bool must_parse = entry.at("expected").at("parse") == "must parse";
    const bool as_expected = must_parse == (!log.fault && !log.startup_fault);
    EXPECT_TRUE(as_expected) << (log.fault ? log.fault->seen : "parsed");
    if (must_parse && as_expected) {
      const auto& facts = entry.at("expected").at("facts");
      EXPECT_EQ(log.events.size(), facts.at("events").get<size_t>());
      EXPECT_EQ(log.algorithms.size(), facts.at("banks_in_log").size());
    }
    ++total;
    right += as_expected ? 1 : 0;
  }
  std::cout << "event logs parsed right: " << right << "/" << total << "\n";
  EXPECT_GE(total, 23);
}

// The quote such a log would come with: every bank it feeds, as it replays.
std::vector<QuotedBank> QuoteOf(const ParsedEventLog& log) {
  std::vector<QuotedBank> quoted;
  for (const ReplayedBank& bank : ReplayEventLog(log)) {
    QuotedBank& out = quoted.emplace_back();
    out.algorithm = bank.algorithm;
    for (uint32_t pcr = 0; pcr < bank.pcrs.size(); ++pcr) out.values[pcr] = bank.pcrs[pcr].value;
  }
  return quoted;
}

// Logs of SHA-1 only are read, and refused for that alone.
RefusalCode ExpectedCode(const nlohmann::json& expected, RefusalCode damage) {
  if (expected.at("parse") != "must parse") return damage;
  const bool has_sha256 = expected.at("replay_pcrs").contains("sha256");
  return has_sha256 ? RefusalCode::kNone : RefusalCode::kEventLogNoBank;
}

TEST(EventLogCorpusTest, JudgesEveryLogAlone) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  int right = 0;
  int total = 0;
  for (const auto& entry : IndexedLogs()) {
    const auto file = entry.at("file").get<std::string>();
    SCOPED_TRACE(file);
    const Bytes bytes = test::ReadTestdata(file);
    const auto judgement = JudgeEventLog(ParseEventLog(bytes), {}, {});
    const RefusalCode damage =
        bytes.empty() ? RefusalCode::kEventLogMissing : RefusalCode::kEventLogMalformed;
    const bool as_expected = judgement.code == ExpectedCode(entry.at("expected"), damage);
    EXPECT_TRUE(as_expected) << NameOf(judgement.code) << ": " << judgement.seen;
    ++total;
    right += as_expected ? 1 : 0;
  }
  std::cout << "event logs judged right: " << right << "/" << total << "\n";
  EXPECT_GE(total, 23);
}

TEST(EventLogCorpusTest, AcceptsEveryWholeBootThatReplaysToItsQuote) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  int judged = 0;
  for (const auto& entry : IndexedLogs()) {
    const auto& expected = entry.at("expected");
    const auto file = entry.at("file").get<std::string>();
    if (ExpectedCode(expected, RefusalCode::kEventLogMalformed) != RefusalCode::kNone) continue;
    const ParsedEventLog log = ParseEventLog(test::ReadTestdata(file));
    const auto judgement = JudgeEventLog(log, QuoteOf(log), {});
    const bool whole = expected.at("facts").at("pcr_without_events_0_7").empty();
    EXPECT_EQ(judgement.refused(), !whole) << file << ": " << judgement.seen;
    ++judged;
  }
  EXPECT_GE(judged, 14);
}

TEST(EventLogCorpusTest, FindsTheSecureBootStateOfEveryLog) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const std::map<std::string, SecureBootState> states = {
      {"enabled", SecureBootState::kOn},
      {"disabled", SecureBootState::kOff},
      {"present-but-empty", SecureBootState::kOff},
      {"not logged", SecureBootState::kNotLogged}};
  for (const auto& entry : IndexedLogs()) {
    if (!entry.at("expected").contains("facts")) continue;
    const auto file = entry.at("file").get<std::string>();
    const auto judgement = JudgeEventLog(ParseEventLog(test::ReadTestdata(file)), {}, {});
    const auto stated = entry.at("expected").at("facts").at("SecureBoot_variable");
    EXPECT_EQ(judgement.facts.secure_boot, states.at(stated)) << file;
  }
}

}  // namespace
}  // namespace preseal::server
