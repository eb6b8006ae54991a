// SPDX-License-Identifier: Apache-2.0
// evidence lint: what it promises to scripts.
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "server/cli/cli_fixture.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/testdata.h"

namespace preseal::server::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// A whole chip's evidence on disk, made of real keys: <dir>/chip and its authorities in <dir>/cas.
class CliLintTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    std::filesystem::create_directory(dir_.File("chip"));
    std::filesystem::create_directory(dir_.File("cas"));
    const AttestationEvidence evidence = chip_.Build();
    Save("chip/ek.der", evidence.ek_certificate);
    Save("chip/quote.attest", evidence.quote_attest);
    Save("chip/quote.sig", evidence.quote_signature);
    Save("chip/ak.pub", evidence.ak_public);
    Save("cas/root.der", test::BuildCertificate(chip_.root, chip_.root_key));
    Save("cas/intermediate.der", test::BuildCertificate(chip_.intermediate, chip_.root_key));
  }

  void Save(const std::string& name, ByteView bytes) { Write(name, ToString(bytes)); }

  std::vector<json> Lines(const CliResult& result) {
    std::vector<json> lines;
    std::istringstream in(result.out);
    for (std::string line; std::getline(in, line);) {
      lines.push_back(json::parse(line, nullptr, false));
      EXPECT_TRUE(lines.back().is_object()) << line;
    }
    return lines;
  }
  // Good dates whatever today is: the fixture's own time.
  CliResult Lint(std::vector<std::string> arguments) {
    std::vector<std::string> all = {"evidence", "lint", "--json", "--at", "2026-11-22"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return Run(all);
  }

  test::AttestationFixture chip_;
};

TEST_F(CliLintTest, AGoodCertificateUnderTrustedAuthoritiesIsValid) {
  const CliResult result = Lint({dir_.File("chip/ek.der"), "--trust", dir_.File("cas")});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  const auto lines = Lines(result);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["file"], dir_.File("chip/ek.der"));
  EXPECT_EQ(lines[0]["kind"], "ek-certificate");
  EXPECT_EQ(lines[0]["verdict"], "valid");
  EXPECT_EQ(lines[0]["code"], "");
  EXPECT_EQ(lines[0]["findings"], json::array());
  EXPECT_EQ(lines[0]["manufacturer"], "id:53544D20");
  EXPECT_EQ(lines[0]["spki"], ToHex(chip_.ek_key.public_key().SpkiSha256()));
  EXPECT_EQ(lines[0]["chain"].size(), 2u);
  EXPECT_TRUE(lines[0].contains("model"));
}

TEST_F(CliLintTest, WithoutTrustTheChainIsAFindingAndTheExitCodeStaysZero) {
  const CliResult result = Lint({dir_.File("chip/ek.der")});
  EXPECT_EQ(result.code, 0) << result.err;
  const auto lines = Lines(result);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["verdict"], "findings");
  EXPECT_EQ(lines[0]["findings"][0]["seen"], "none");
  EXPECT_EQ(lines[0]["chain"], json::array());
}

TEST_F(CliLintTest, ARefusalIsNamedAndExitsWithOne) {
  chip_.ek_certificate.Extension("2.5.29.37").value = test::ExtendedKeyUsage("1.3.6.1.5.5.7.3.2");
  Save("chip/ek.der", chip_.Build().ek_certificate);
  const CliResult result = Lint({dir_.File("chip/ek.der"), "--trust", dir_.File("cas")});
  EXPECT_EQ(result.code, 1);
  const auto lines = Lines(result);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["verdict"], "refused");
  EXPECT_EQ(lines[0]["code"], "EK_EKU");
  const json& finding = lines[0]["findings"][0];
  std::set<std::string> keys;
  for (const auto& [key, value] : finding.items()) keys.insert(key);
  EXPECT_EQ(keys, (std::set<std::string>{"check", "code", "expected", "number", "remedy", "seen",
                                         "verdict"}));
  EXPECT_EQ(finding["number"], 209);
  EXPECT_EQ(finding["verdict"], "FAIL");
  EXPECT_NE(finding["remedy"], "");
}

TEST_F(CliLintTest, WhatCannotBeReadExitsWithTwoAndDoesNotStopTheRest) {
  const CliResult result = Lint({dir_.File("absent.der"), dir_.File("chip/ek.der")});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(Lines(result).size(), 1u);
  EXPECT_THAT(result.err, HasSubstr("absent.der"));
}

TEST_F(CliLintTest, AQuoteIsJudgedWithWhatLiesBesideIt) {
  CliResult result = Lint({dir_.File("chip/quote.attest")});
  EXPECT_EQ(result.code, 0) << result.out;
  auto lines = Lines(result);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["kind"], "quote");
  // All that stays open is whose session it was made for.
  ASSERT_EQ(lines[0]["findings"].size(), 1u) << lines[0];
  EXPECT_EQ(lines[0]["findings"][0]["code"], "QUOTE_NONCE");

  Bytes signature = chip_.Build().quote_signature;
  signature.back() ^= 1;
  Save("chip/quote.sig", signature);
  result = Lint({dir_.File("chip/quote.attest")});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(Lines(result)[0]["code"], "QUOTE_SIGNATURE");
}

TEST_F(CliLintTest, FoldersAreWalkedInOrderWithoutHiddenFilesAndLinks) {
  std::filesystem::create_directory(dir_.File("tree"));
  std::filesystem::create_directory(dir_.File("tree/b"));
  Write("tree/b/readme.md", "# about these files\n");
  Write("tree/c.bin", "");
  Write("tree/a.der", "0");
  Write("tree/.hidden.bin", "");
  std::filesystem::create_symlink(dir_.File("chip"), dir_.File("tree/link"));
  const CliResult result = Lint({dir_.File("tree")});
  EXPECT_EQ(result.code, 1);
  const auto lines = Lines(result);
  ASSERT_EQ(lines.size(), 3u) << result.out;
  EXPECT_EQ(lines[0]["file"], dir_.File("tree/a.der"));
  EXPECT_EQ(lines[0]["code"], "EK_CERT_MALFORMED");
  EXPECT_EQ(lines[1]["kind"], "unknown");
  EXPECT_EQ(lines[1]["verdict"], "findings");
  EXPECT_EQ(lines[2]["kind"], "event-log");
  EXPECT_EQ(lines[2]["code"], "EVENTLOG_MISSING");
  EXPECT_EQ(lines[2]["pcrs"], json::object());
}

TEST_F(CliLintTest, TextNamedAsEvidenceIsRefused) {
  const CliResult result = Lint({Write("notes.txt", "nothing of ours\n")});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(Lines(result)[0]["code"], "EVIDENCE_MALFORMED");
}

TEST_F(CliLintTest, ABundleGivesOneLineForEachCertificate) {
  const auto root =
      crypto::Certificate::FromDer(test::BuildCertificate(chip_.root, chip_.root_key));
  const auto below =
      crypto::Certificate::FromDer(test::BuildCertificate(chip_.intermediate, chip_.root_key));
  const std::string bundle = Write("bundle.pem", root->ToPem() + below->ToPem());
  const CliResult result = Lint({bundle, "--trust", bundle});
  EXPECT_EQ(result.code, 0) << result.out;
  const auto lines = Lines(result);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["index"], 0);
  EXPECT_EQ(lines[1]["index"], 1);
  EXPECT_EQ(lines[1]["kind"], "ca-certificate");
  EXPECT_EQ(lines[1]["verdict"], "valid");
}

TEST_F(CliLintTest, AFileNameThatIsNoUtf8StaysOneLineOfJson) {
  Write("bad\xFF\n.bin", "noise");
  const CliResult result = Lint({dir_.File("bad\xFF\n.bin")});
  EXPECT_EQ(Lines(result).size(), 1u) << result.out;
}

TEST_F(CliLintTest, PeopleGetATableAndASum) {
  const CliResult result =
      Run({"evidence", "lint", dir_.File("chip/ek.der"), "--at", "2026-11-22"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("ek-certificate"));
  EXPECT_THAT(result.out, HasSubstr("Findings"));
  EXPECT_THAT(result.err, HasSubstr("1 judged: 0 valid, 1 with findings, 0 refused"));
}

TEST_F(CliLintTest, WrongOptionsAreNoAnswer) {
  EXPECT_EQ(Run({"evidence", "lint"}).code, 2);
  EXPECT_EQ(Lint({dir_.File("chip"), "--trust", dir_.File("absent")}).code, 2);
  EXPECT_EQ(Lint({dir_.File("chip"), "--trust", Write("empty.pem", "")}).code, 2);
  EXPECT_EQ(Run({"evidence", "lint", dir_.File("chip"), "--at", "yesterday"}).code, 2);
  EXPECT_EQ(Run({"evidence"}).code, 2);
}

TEST_F(CliLintTest, TheSamplesReplayWhateverTheVerdict) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const auto folder = test::TestdataDir() / "eventlogs";
  const CliResult result = Lint({folder.string()});
  EXPECT_EQ(result.code, 1);
  const Bytes text = test::ReadTestdata("index.json");
  const json index = json::parse(AsText(text));
  int compared = 0;
  for (const json& line : Lines(result)) {
    for (const json& entry : index["files"]) {
      const auto file = test::TestdataDir() / entry["file"].get<std::string>();
      if (line["file"] != file.string() || !entry["expected"].contains("replay_pcrs")) continue;
      EXPECT_EQ(line["pcrs"], entry["expected"]["replay_pcrs"]) << file;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 19);
}

}  // namespace
}  // namespace preseal::server::cli
