// SPDX-License-Identifier: Apache-2.0
// Evidence of real enrolments, from the database to a file that is checked without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/files/files.h"
#include "common/sql/connection.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal::test {
namespace {

using lifecycle::v1::DEVICE_STATE_ENROLLED;
using testing::HasSubstr;

constexpr char kProfile[] =
    "name: test\nitems:\n  - {id: greet, name: Greeting, category: policies, script: {apply: "
    "\"true\", verify: \"true\"}}\n";
constexpr int kUntrusted = 2;

// Device 1 enrolled, 2 refused because nobody knows who made its TPM, 3 enrolled.
class EvidenceFloorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(
        floor_, TestFloor::Open({.profile = kProfile, .devices = 3, .untrusted = {kUntrusted}}));
    for (int slot = 1; slot <= 3; ++slot) {
      ASSERT_OK(floor_->StartAgent(slot));
      if (slot != kUntrusted) {
        ASSERT_OK(floor_->WaitForState(slot, DEVICE_STATE_ENROLLED).status());
        continue;
      }
      ASSERT_OK(floor_
                    ->WaitFor(slot, "the refusal",
                              [](const auto& device) {
                                return device.failure().code() == "EK_CHAIN_UNTRUSTED";
                              })
                    .status());
    }
  }

  process::Captured Preseal(std::vector<std::string> arguments) {
    auto captured = floor_->Preseal(std::move(arguments));
    EXPECT_OK(captured.status());
    return captured.ok() ? *std::move(captured) : process::Captured{};
  }
  process::Captured Verify(const std::string& file) {
    return Preseal({"evidence", "verify", file, "--json", "--signer",
                    floor_->state_dir() + "/ca/seal-ca.pem"});
  }
  // Of a file with these lines; what it says must hold `code`.
  void ExpectTampered(const std::vector<std::string>& lines, const std::string& seen) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    const std::string file = floor_->File("changed.jws");
    ASSERT_OK(files::WriteAtomic(file, AsBytes(text), 0600));
    const auto verdict = Verify(file);
    EXPECT_EQ(verdict.ending.exit_code, 1) << verdict.output;
    EXPECT_THAT(verdict.output, HasSubstr("EVIDENCE_TAMPERED"));
    EXPECT_THAT(verdict.output, HasSubstr(seen));
  }
  std::vector<std::string> Lines(const std::string& file) {
    const auto content = files::Read(file, size_t{64} << 20);
    EXPECT_OK(content.status());
    std::vector<std::string> lines;
    for (std::string_view rest = AsText(*content); !rest.empty();) {
      const size_t end = rest.find('\n');
      lines.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    return lines;
  }

  std::unique_ptr<TestFloor> floor_;
};

TEST_F(EvidenceFloorTest, AFileVerifiesWithTheServerStoppedAndEveryChangeToItIsNamed) {
  const std::string file = floor_->File("all.jws");
  const auto exported = Preseal({"evidence", "export", "--all", "-o", file});
  ASSERT_EQ(exported.ending.exit_code, 0) << exported.error;
  ASSERT_OK(floor_->StopServer().status());

  const auto verdict = Verify(file);
  EXPECT_EQ(verdict.ending.exit_code, 0) << verdict.output << verdict.error;
  EXPECT_THAT(verdict.output, HasSubstr("\"refusal_code\":\"EK_CHAIN_UNTRUSTED\""));
  EXPECT_THAT(verdict.output, HasSubstr("\"outcome\":\"accepted"));
  EXPECT_THAT(verdict.output, HasSubstr("activation is interactive"));

  const std::vector<std::string> lines = Lines(file);
  ASSERT_GE(lines.size(), 3u);
  auto flipped = lines;
  char& byte = flipped[1][flipped[1].size() / 2];
  byte = byte == 'A' ? 'B' : 'A';
  ExpectTampered(flipped, "signature");
  auto reordered = lines;
  std::swap(reordered[0], reordered[1]);
  ExpectTampered(reordered, "record 1 after 2");
  auto missing = lines;
  missing.erase(missing.begin() + 1);
  ExpectTampered(missing, "1 missing, the first is record 2");
}

TEST_F(EvidenceFloorTest, AuditNamesTheFirstRecordThatWasEditedInTheDatabase) {
  const auto whole = Preseal({"evidence", "audit", "--output", "json"});
  ASSERT_EQ(whole.ending.exit_code, 0) << whole.output << whole.error;
  EXPECT_EQ(nlohmann::json::parse(whole.output, nullptr, false).value("code", ""), "NONE");

  ASSERT_OK(floor_->StopServer().status());
  {
    ASSERT_OK_AND_ASSIGN(const auto database,
                         sql::Connection::Open(floor_->state_dir() + "/preseal.sqlite",
                                               sql::Connection::Mode::kReadWrite));
    ASSERT_OK(database
                  ->Execute(sql::Sql("UPDATE evidence_records SET jws = (SELECT jws FROM "
                                     "evidence_records WHERE sequence = 1) WHERE sequence = 2"))
                  .status());
  }
  ASSERT_OK(floor_->StartServer());
  const auto broken = Preseal({"evidence", "audit", "--output", "json"});
  EXPECT_EQ(broken.ending.exit_code, 1) << broken.output << broken.error;
  const auto json = nlohmann::json::parse(broken.output, nullptr, false);
  ASSERT_TRUE(json.is_object()) << broken.output;
  EXPECT_EQ(json.value("code", ""), "EVIDENCE_TAMPERED");
  EXPECT_EQ(json.value("sequence", 0), 2);
}

TEST_F(EvidenceFloorTest, APolicyTriedOnTheEvidenceNamesTheDevicesItWouldRefuse) {
  const std::string file = floor_->File("vendors.yaml");
  ASSERT_OK(files::WriteAtomic(file, AsBytes("name: strict\nrequire: [ekcert, ekpub]\n"), 0600));
  const auto tried = Preseal({"policy", "try", "-f", file, "--output", "json"});
  ASSERT_EQ(tried.ending.exit_code, 0) << tried.error;
  const auto differences = nlohmann::json::parse(tried.output, nullptr, false);
  ASSERT_TRUE(differences.is_array()) << tried.output;
  ASSERT_EQ(differences.size(), 2u) << tried.output;  // the refused one stays refused
  EXPECT_THAT(differences[0].value("before", ""), HasSubstr("accepted"));
  EXPECT_NE(differences[0].value("check", ""), "");
  EXPECT_THAT(tried.error, HasSubstr("3 devices tried"));
  const auto dry = Preseal({"policy", "apply", "--dry-run", "-f", file, "--output", "json"});
  ASSERT_EQ(dry.ending.exit_code, 0) << dry.error;
  const auto same = nlohmann::json::parse(dry.output, nullptr, false);
  ASSERT_EQ(same.size(), 2u) << dry.output;
  EXPECT_EQ(same[0].value("after", "?"), differences[0].value("after", ""));
  EXPECT_THAT(dry.error, HasSubstr("nothing stored"));
}

TEST_F(EvidenceFloorTest, RolesThatMayNotAreToldSo) {
  const auto token = [&](const std::string& role) {
    const auto made = Preseal(
        {"tokens", "create", role, "--role", role, "--expires-in", "1h", "--output", "json"});
    return nlohmann::json::parse(made.output, nullptr, false).value("secret", "");
  };
  const auto with = [&](const std::string& secret, std::vector<std::string> arguments) {
    const std::string file = floor_->File("token");
    EXPECT_OK(files::WriteAtomic(file, AsBytes(secret), 0600));
    arguments.insert(arguments.end(), {"--token-file", file});
    return Preseal(arguments).ending.exit_code;
  };
  const std::string policy = floor_->File("policy.yaml");
  ASSERT_OK(files::WriteAtomic(policy, AsBytes("name: any\n"), 0600));
  const std::string lead = token("lead");
  const std::string auditor = token("auditor");
  const std::string operator_token = token("operator");
  EXPECT_EQ(with(lead, {"evidence", "export", "--all", "-o", floor_->File("out.jws")}), 0);
  EXPECT_EQ(with(lead, {"evidence", "audit"}), 1);
  EXPECT_EQ(with(lead, {"policy", "try", "-f", policy}), 0);
  EXPECT_EQ(with(auditor, {"evidence", "export", "--all", "-o", floor_->File("out.jws")}), 0);
  EXPECT_EQ(with(auditor, {"evidence", "audit"}), 0);
  EXPECT_EQ(with(auditor, {"policy", "try", "-f", policy}), 1);
  EXPECT_EQ(with(operator_token, {"evidence", "export", "--all", "-o", floor_->File("out.jws")}),
            1);
}

}  // namespace
}  // namespace preseal::test
