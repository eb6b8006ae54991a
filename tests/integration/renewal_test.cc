// SPDX-License-Identifier: Apache-2.0
// Certificates of a running floor: renewed over the open channel, listed when revoked. The server's
// and the agent's own programs, a software TPM, loopback mutual TLS; openssl and curl judge.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/crypto/certificate.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal {
namespace {

using test::TestFloor;
using test::WaitUntil;

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

size_t Count(const std::string& text, std::string_view word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

class RenewalFloorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(
        floor_,
        TestFloor::Open({.profile =
                             "name: test\nitems:\n  - {id: motd, name: Notice, category: policies, "
                             "file: {path: /etc/motd, mode: 0644, content: hello}}\n"}));
    // So short that the backdating alone makes it due at once.
    ASSERT_OK(floor_->StopServer());
    std::ofstream(floor_->config_file(), std::ios::app) << "ca: {device_life_minutes: 10}\n";
    ASSERT_OK(floor_->StartServer());
  }

  std::string Chain() const {
    return ReadText(floor_->home(1) + "/state/identity/device-chain.pem");
  }
  std::string AgentLog() const { return ReadText(floor_->home(1) + "/agent.log"); }
  static std::string Run(std::vector<std::string> argv) {
    const auto done = process::RunAndCapture({.argv = std::move(argv),
                                              .environment = process::OwnEnvironment(),
                                              .timeout = std::chrono::seconds(20)});
    if (!done.ok()) return ToString(done.status());
    return done->output + done->error + (done->ending.Succeeded() ? "" : "\nFAILED");
  }
  // Downloads a revocation list and gives it as openssl reads it.
  std::string List(const std::string& name) const {
    const std::string der = floor_->File(name);
    const std::string got =
        Run({"curl", "-sS", "--fail", "--cacert", floor_->state_dir() + "/ca/server-ca.pem", "-w",
             "%{content_type}", "-o", der,
             "https://127.0.0.1:" + std::to_string(floor_->web_port()) + "/crl/" + name});
    if (!got.starts_with("application/pkix-crl")) return got;
    return Run({"openssl", "crl", "-inform", "DER", "-in", der, "-noout", "-text"});
  }

  std::unique_ptr<TestFloor> floor_;
};

TEST_F(RenewalFloorTest, RenewsOverTheOpenChannelAndRevokesTheOldOne) {
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK(floor_->WaitForState(1, lifecycle::v1::DEVICE_STATE_ENROLLED));
  ASSERT_OK(WaitUntil("a renewal", TestFloor::kDeadline, [&] {
    return Count(AgentLog(), "device certificate renewed") == 1;
  })) << AgentLog();
  const std::string renewed = Chain();
  ASSERT_OK_AND_ASSIGN(const auto chain, crypto::ParsePemBundle(renewed));
  // Confirmed by its use; only then the old one ends up on the list.
  ASSERT_OK(WaitUntil("the old certificate on the list", TestFloor::kDeadline, [&] {
    return Count(List("lab-1.crl"), "Serial Number:") == 1;
  })) << List("lab-1.crl");
  ASSERT_OK(floor_->WaitFor(1, "a connection", [](const fleet::v1::Device& device) {
    return device.contact().state() == fleet::v1::Contact::STATE_CONNECTED;
  }));

  // Judged by a tool nobody here wrote: the new one is good, and the list counts.
  const std::string leaf = floor_->File("leaf.pem");
  std::ofstream(leaf) << chain.front().ToPem();
  const std::string pem = floor_->File("crl.pem");
  Run({"openssl", "crl", "-inform", "DER", "-in", floor_->File("lab-1.crl"), "-out", pem});
  const std::string verdict = Run({"openssl", "verify", "-crl_check", "-CRLfile", pem, "-CAfile",
                                   floor_->state_dir() + "/ca/lab-ca.pem", leaf});
  EXPECT_NE(verdict.find("leaf.pem: OK"), std::string::npos) << verdict;

  // A power cut later the device comes back with what it has; it does not enrol again.
  floor_->KillAgent(1);
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK(floor_->WaitFor(1, "a connection", [](const fleet::v1::Device& device) {
    return device.contact().state() == fleet::v1::Contact::STATE_CONNECTED;
  }));
  EXPECT_EQ(Count(ReadText(floor_->server_log()), "device attested"), 1u);
}

TEST_F(RenewalFloorTest, ListsAreServedToAnybodyAndOnlyByTheirName) {
  EXPECT_NE(List("device-1.crl").find("No Revoked Certificates"), std::string::npos);
  EXPECT_NE(List("device-2.crl").find("404"), std::string::npos);
}

}  // namespace
}  // namespace preseal
