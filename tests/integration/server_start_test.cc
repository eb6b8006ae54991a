// SPDX-License-Identifier: Apache-2.0
// The server's program and its files: what it refuses to start with, and what it takes over.
#include <gtest/gtest.h>

#include <fstream>

#include "common/crypto/certificate.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal::test {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

std::string ReadText(const std::string& file) {
  const auto content = files::Read(file, kFileBytesMax);
  EXPECT_OK(content);
  return content.ok() ? ToString(ByteView(*content)) : "";
}

// A floor that ran once and stands still, so that one of its files can be spoilt.
class ServerStartTest : public testing::Test {
 protected:
  void SetUp() override {
    constexpr char kProfile[] =
        "name: test\nitems:\n  - {id: motd, name: Notice, category: policies, "
        "file: {path: /etc/motd, mode: 0644, content: hello}}\n";
    ASSERT_OK_AND_ASSIGN(floor_, TestFloor::Open({.profile = kProfile}));
  }
  void Stop() {
    ASSERT_OK_AND_ASSIGN(const auto ending, floor_->StopServer());
    ASSERT_TRUE(ending.Succeeded());
  }
  void Spoil(const std::string& file, const std::string& content) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
  }
  // Exit code 1 and one line on standard error, after the log's, that names the file.
  void ExpectRefusesToRun(const std::string& file) {
    ASSERT_OK_AND_ASSIGN(const auto run, floor_->ServerCommand({"run"}));
    EXPECT_EQ(run.ending.kind, process::Ending::Kind::kExited);
    EXPECT_EQ(run.ending.exit_code, 1);
    const size_t at = run.error.find("preseal-server: ");
    ASSERT_NE(at, std::string::npos) << run.error;
    const std::string message = run.error.substr(at);
    EXPECT_NE(message.find(file), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), message.size() - 1) << message;
  }
  // The certificate a new connection to `port` is shown; empty if there is none.
  std::string ShownAt(uint16_t port) {
    const auto shown =
        process::RunAndCapture({.argv = {"openssl", "s_client", "-alpn", "h2", "-connect",
                                         "127.0.0.1:" + std::to_string(port)},
                                .environment = process::OwnEnvironment(),
                                .timeout = std::chrono::seconds(20)});
    if (!shown.ok()) return {};
    const size_t begin = shown->output.find("-----BEGIN CERTIFICATE");
    const std::string end = "-----END CERTIFICATE-----\n";
    const size_t stop = shown->output.find(end);
    if (begin == std::string::npos || stop == std::string::npos) return {};
    return shown->output.substr(begin, stop + end.size() - begin);
  }
  std::string certificate_file() const { return floor_->state_dir() + "/ca/server.pem"; }

  std::unique_ptr<TestFloor> floor_;
};

TEST_F(ServerStartTest, NamesAConfigurationItCannotRead) {
  Stop();
  Spoil(floor_->config_file(), "organisation: [\n");
  ExpectRefusesToRun("preseal.yaml");
}

TEST_F(ServerStartTest, NamesADatabaseThatIsNone) {
  Stop();
  Spoil(floor_->state_dir() + "/preseal.sqlite", std::string(8192, 'x'));
  ExpectRefusesToRun("preseal.sqlite");
}

TEST_F(ServerStartTest, DoesNotReplaceADatabaseThatIsGone) {
  Stop();
  const std::string file = floor_->state_dir() + "/preseal.sqlite";
  ASSERT_OK(files::RemoveTree(file));
  ExpectRefusesToRun("preseal.sqlite");
  EXPECT_FALSE(std::ifstream(file).good());
}

TEST_F(ServerStartTest, NamesAnAuthorityThatIsGone) {
  Stop();
  ASSERT_OK(files::RemoveTree(floor_->state_dir() + "/ca/device-ca.pem"));
  ExpectRefusesToRun("device-ca.pem");
}

TEST_F(ServerStartTest, NamesALabRootThatIsGone) {
  Stop();
  ASSERT_OK(files::RemoveTree(floor_->File("bench/ek-root.pem")));
  ExpectRefusesToRun("ek-root.pem");
}

TEST_F(ServerStartTest, ShowsARenewedCertificateAfterHangUp) {
  const std::string before = ShownAt(floor_->web_port());
  ASSERT_FALSE(before.empty());
  ASSERT_EQ(ShownAt(floor_->api_port()), before);
  ASSERT_OK_AND_ASSIGN(const auto renewed, floor_->ServerCommand({"renew"}));
  ASSERT_TRUE(renewed.ending.Succeeded()) << renewed.error;
  EXPECT_EQ(ShownAt(floor_->web_port()), before);
  floor_->HangUpServer();
  for (const uint16_t port : {floor_->web_port(), floor_->api_port()}) {
    ASSERT_OK(WaitUntil("another certificate", TestFloor::kDeadline, [&] {
      const std::string now = ShownAt(port);
      return !now.empty() && now != before;
    }));
  }
  EXPECT_EQ(ShownAt(floor_->api_port()), ShownAt(floor_->web_port()));
  EXPECT_OK(floor_->Device(1));
}

TEST_F(ServerStartTest, RotatedServerKeyIsTakenUpAndClientsOfTheOldOneFollow) {
  const std::string old_ca = floor_->state_dir() + "/ca/server-ca.pem";
  const std::string before = ShownAt(floor_->web_port());
  ASSERT_FALSE(before.empty());
  ASSERT_OK_AND_ASSIGN(const auto rotated, floor_->ServerCommand({"ca", "rotate", "server"}));
  ASSERT_TRUE(rotated.ending.Succeeded()) << rotated.error;
  floor_->HangUpServer();
  for (const uint16_t port : {floor_->web_port(), floor_->api_port()}) {
    ASSERT_OK(WaitUntil("another certificate", TestFloor::kDeadline, [&] {
      const std::string now = ShownAt(port);
      return !now.empty() && now != before;
    }));
    ASSERT_OK_AND_ASSIGN(
        const auto client,
        process::RunAndCapture(
            {.argv = {"openssl", "s_client", "-alpn", "h2", "-CAfile", old_ca,
                      "-verify_return_error", "-connect", "127.0.0.1:" + std::to_string(port)},
             .environment = process::OwnEnvironment(),
             .timeout = std::chrono::seconds(20)}));
    EXPECT_TRUE(client.ending.Succeeded()) << client.output << client.error;
  }
  ASSERT_OK_AND_ASSIGN(const auto list, floor_->ServerCommand({"ca", "list"}));
  EXPECT_NE(list.output.find("server      1  trusted"), std::string::npos) << list.output;
  EXPECT_NE(list.output.find("server      2  issuing"), std::string::npos) << list.output;
}

// A server that admits no virtual TPMs refuses their certificates too, its own included.
TEST_F(ServerStartTest, DevicePortTrustsTheLabsAuthorityOnlyBesideALabRoot) {
  const std::string lab = ReadText(floor_->state_dir() + "/ca/lab-ca.pem");
  const auto device_roots = [&] {
    return ReadText(floor_->state_dir() + "/live-tls/device-ca.crt");
  };
  EXPECT_NE(device_roots().find(lab), std::string::npos);
  Stop();
  std::string config = ReadText(floor_->config_file());
  const std::string with_lab = "lab_root: bench/ek-root.pem";
  ASSERT_NE(config.find(with_lab), std::string::npos);
  Spoil(floor_->config_file(),
        config.replace(config.find(with_lab), with_lab.size(), "ek_roots: [bench/ek-root.pem]"));
  ASSERT_OK(floor_->StartServer());
  EXPECT_EQ(device_roots().find(lab), std::string::npos);
  EXPECT_EQ(device_roots(), ReadText(floor_->state_dir() + "/ca/device-ca.pem"));
}

TEST_F(ServerStartTest, RefusesToRunWithATokenThatDoesNotSign) {
  Stop();
  std::ofstream(floor_->config_file(), std::ios::app)
      << "ca: {device_key: 'pkcs11:token=a;object=b?pin-source=file:/p'}\n";
  ExpectRefusesToRun("ca.device_key");
}

TEST_F(ServerStartTest, KeepsItsCertificateWhenTheNewOneIsGarbage) {
  const std::string before = ShownAt(floor_->web_port());
  ASSERT_FALSE(before.empty());
  Spoil(certificate_file(), "garbage\n");
  floor_->HangUpServer();
  ASSERT_OK(WaitUntil("the server to say so", TestFloor::kDeadline, [&] {
    return ReadText(floor_->server_log()).find("the old ones stay") != std::string::npos;
  }));
  EXPECT_EQ(ShownAt(floor_->web_port()), before);
  EXPECT_EQ(ShownAt(floor_->api_port()), before);
  EXPECT_OK(floor_->Device(1));
}

}  // namespace
}  // namespace preseal::test
