// SPDX-License-Identifier: Apache-2.0
// Revocation lists of a running server, as curl and openssl read them.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal {
namespace {

using test::TestFloor;

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

TEST_F(RenewalFloorTest, ListsAreServedToAnybodyAndOnlyByTheirName) {
  EXPECT_NE(List("device-1.crl").find("No Revoked Certificates"), std::string::npos);
  EXPECT_NE(List("device-2.crl").find("404"), std::string::npos);
}

}  // namespace
}  // namespace preseal
