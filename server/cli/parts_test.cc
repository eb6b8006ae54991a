// SPDX-License-Identifier: Apache-2.0
// Endpoints, durations, outcomes, session files.
#include <google/protobuf/util/json_util.h>
#include <sys/stat.h>

#include <fstream>

#include "server/cli/duration.h"
#include "server/cli/endpoint.h"
#include "server/cli/outcome.h"
#include "server/cli/session_file.h"
#include "server/cli/views.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server::cli {
namespace {

using test::IsOkAndHolds;
using test::StatusIs;

TEST(ParseEndpointTest, ReadsWhatPeoplePaste) {
  EXPECT_THAT(ParseEndpoint("host:8443"), IsOkAndHolds(Endpoint{"host", 8443}));
  EXPECT_THAT(ParseEndpoint("https://a.example:8443/#/devices"),
              IsOkAndHolds(Endpoint{"a.example", 8443}));
  EXPECT_THAT(ParseEndpoint("[::1]:1"), IsOkAndHolds(Endpoint{"::1", 1}));
  EXPECT_EQ((Endpoint{"::1", 1}).ToString(), "[::1]:1");
}

TEST(ParseEndpointTest, SaysWhatIsWrong) {
  const auto code = StatusCode::kInvalidArgument;
  EXPECT_THAT(ParseEndpoint("http://a:1"), StatusIs(code, "not encrypted"));
  EXPECT_THAT(ParseEndpoint("host"), StatusIs(code, "no port"));
  EXPECT_THAT(ParseEndpoint("[::1]"), StatusIs(code, "no port"));
  EXPECT_THAT(ParseEndpoint("::1:1"), StatusIs(code, "[address]:port"));
  EXPECT_THAT(ParseEndpoint("a:0"), StatusIs(code, "1 to 65535"));
  EXPECT_THAT(ParseEndpoint("a:65536"), StatusIs(code, "1 to 65535"));
  EXPECT_THAT(ParseEndpoint("a:1x"), StatusIs(code, "1 to 65535"));
  EXPECT_THAT(ParseEndpoint(":1"), StatusIs(code, "no host"));
  EXPECT_THAT(ParseEndpoint("a b:1"), StatusIs(code, "no host"));
}

TEST(ParseDurationTest, TakesOneNumberAndOneUnit) {
  EXPECT_THAT(ParseDuration("45s"), IsOkAndHolds(std::chrono::seconds(45)));
  EXPECT_THAT(ParseDuration("2h"), IsOkAndHolds(std::chrono::seconds(7200)));
  EXPECT_THAT(ParseDuration("30d"), IsOkAndHolds(std::chrono::seconds(30 * 86400)));
  for (const std::string_view text :
       {"", "s", "10", "0s", "-1s", "1w", "1 s", "9999999s", "1h30m"}) {
    EXPECT_THAT(ParseDuration(text), StatusIs(StatusCode::kInvalidArgument)) << text;
  }
}

class OutcomeTest : public testing::Test {
 protected:
  OutcomeTest() {
    command_.set_name("devices/D-1/commands/C-1");
    command_.mutable_create_time()->set_seconds(100);
  }

  // Entered `seconds_after` the command was given.
  fleet_v1::Device In(lifecycle_v1::DeviceState state, int64_t seconds_after) {
    fleet_v1::Device device;
    device.set_state(state);
    device.mutable_state_time()->set_seconds(100 + seconds_after);
    return device;
  }

  // '+' good, '-' not, '?' under way.
  char Judged(Verb verb, const fleet_v1::Device& device) {
    const auto outcome = JudgeOutcome(verb, command_, device);
    return !outcome ? '?' : outcome->good ? '+' : '-';
  }

  fleet_v1::Command command_;
};

TEST_F(OutcomeTest, ARetryIsNotOverWhileTheOldFailureStands) {
  EXPECT_EQ(Judged(Verb::kRetry, In(lifecycle_v1::DEVICE_STATE_FAILED, -5)), '?');
  EXPECT_EQ(Judged(Verb::kRetry, In(lifecycle_v1::DEVICE_STATE_PROVISIONING, 1)), '?');
  EXPECT_EQ(Judged(Verb::kRetry, In(lifecycle_v1::DEVICE_STATE_FAILED, 5)), '-');
  EXPECT_EQ(Judged(Verb::kRetry, In(lifecycle_v1::DEVICE_STATE_READY_TO_SEAL, 5)), '+');
}

TEST_F(OutcomeTest, ARefusedAttestationIsHealedByEnrolment) {
  fleet_v1::Device device = In(lifecycle_v1::DEVICE_STATE_ENROLLED, 5);
  EXPECT_EQ(Judged(Verb::kRetry, device), '+');
  EXPECT_EQ(Judged(Verb::kStart, device), '?');
  device.mutable_run()->set_attempt(1);
  EXPECT_EQ(Judged(Verb::kRetry, device), '?');
}

TEST_F(OutcomeTest, AResealEndsSealedBackOrUnconfirmed) {
  EXPECT_EQ(Judged(Verb::kReseal, In(lifecycle_v1::DEVICE_STATE_READY_TO_SEAL, -5)), '?');
  EXPECT_EQ(Judged(Verb::kReseal, In(lifecycle_v1::DEVICE_STATE_SEALING, 1)), '?');
  EXPECT_EQ(Judged(Verb::kReseal, In(lifecycle_v1::DEVICE_STATE_SEALED, 5)), '+');
  EXPECT_EQ(Judged(Verb::kReseal, In(lifecycle_v1::DEVICE_STATE_READY_TO_SEAL, 5)), '-');
  EXPECT_EQ(Judged(Verb::kReseal, In(lifecycle_v1::DEVICE_STATE_BLOCKED, 5)), '-');
  fleet_v1::Device unconfirmed = In(lifecycle_v1::DEVICE_STATE_SEALING, 1);
  unconfirmed.set_seal_unconfirmed(true);
  EXPECT_EQ(Judged(Verb::kReseal, unconfirmed), '-');
}

TEST_F(OutcomeTest, AFailedCommandIsTheOutcomeWhateverTheState) {
  fleet_v1::Device device = In(lifecycle_v1::DEVICE_STATE_READY_TO_SEAL, -5);
  device.mutable_last_command()->set_state(fleet_v1::Command::STATE_FAILED);
  device.mutable_last_command()->set_name("devices/D-1/commands/C-0");
  EXPECT_EQ(Judged(Verb::kReseal, device), '?');  // another command's
  device.mutable_last_command()->set_name(command_.name());
  device.mutable_last_command()->set_code("PCR_CHANGED");
  EXPECT_EQ(Judged(Verb::kReseal, device), '-');
}

TEST(WhyNotSealableTest, NamesAReasonInEveryStateThatIsNotSealable) {
  for (int state = 0; state <= lifecycle_v1::DeviceState_MAX; ++state) {
    fleet_v1::Device device;
    device.set_state(static_cast<lifecycle_v1::DeviceState>(state));
    EXPECT_NE(WhyNotSealable(device), "") << state;
    device.set_sealable(true);
    EXPECT_EQ(WhyNotSealable(device), "") << state;
  }
}

class SessionFileTest : public testing::Test {
 protected:
  std::string path_{dir_.File("preseal/session.json")};
  const Session session_{"host:1", "PEM", "secret", "ana", "2026-11-22T03:00:00Z"};

 private:
  static inline test::TempDir dir_;
};

TEST_F(SessionFileTest, KeepsASessionForItsOwnerOnly) {
  ASSERT_OK(SaveSession(path_, session_));
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_OK_AND_ASSIGN(const Session loaded, LoadSession(path_));
  EXPECT_EQ(loaded.token, "secret");
  EXPECT_EQ(loaded.ca_pem, "PEM");
  ASSERT_OK(RemoveSession(path_));
  EXPECT_THAT(LoadSession(path_), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(RemoveSession(path_));
}

TEST_F(SessionFileTest, RefusesOneThatOthersMayRead) {
  ASSERT_OK(SaveSession(path_, session_));
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_THAT(LoadSession(path_), StatusIs(StatusCode::kInvalidArgument, "chmod 600"));
}

TEST_F(SessionFileTest, SaysWhenItIsDamaged) {
  ASSERT_OK(SaveSession(path_, session_));
  std::ofstream(path_, std::ios::trunc) << "{\"server\": ";
  EXPECT_THAT(LoadSession(path_), StatusIs(StatusCode::kDataLoss, "damaged"));
  std::ofstream(path_, std::ios::trunc) << "{\"server\": \"host:1\", \"token\": 5}";
  EXPECT_THAT(LoadSession(path_), StatusIs(StatusCode::kDataLoss, "incomplete"));
}

}  // namespace
}  // namespace preseal::server::cli
