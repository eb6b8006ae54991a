// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/json_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "common/base/limits.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "tests/support/status_matchers.h"

namespace preseal::server::http {
namespace {

constexpr char kDevice[] = "preseal.fleet.v1.Device";

TEST(JsonCodecTest, RoundTripsEveryKindOfField) {
  preseal::fleet::v1::Device device;
  device.set_name("devices/D-1 «ä»");
  device.set_lab(true);
  device.set_revision(18446744073709551615ull);
  device.set_state(static_cast<preseal::lifecycle::v1::DeviceState>(3));
  device.mutable_state_time()->set_seconds(1'790'000'000);
  device.mutable_progress()->set_percent(40);
  device.add_past_runs()->set_attempt(1);
  const JsonCodec codec;
  ASSERT_OK_AND_ASSIGN(const std::string json, codec.ToJson(kDevice, device.SerializeAsString()));
  EXPECT_NE(json.find(R"("revision":"18446744073709551615")"), std::string::npos) << json;
  ASSERT_OK_AND_ASSIGN(const std::string binary, codec.ToBinary(kDevice, json));
  preseal::fleet::v1::Device again;  // fields may come in another order
  ASSERT_TRUE(again.ParseFromString(binary));
  EXPECT_EQ(again.SerializeAsString(), device.SerializeAsString());
}

TEST(JsonCodecTest, TakesEmptyBodyForEmptyMessage) {
  EXPECT_THAT(JsonCodec().ToBinary(kDevice, ""), test::IsOkAndHolds(std::string()));
}

TEST(JsonCodecTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"name":"a","name":"b"})", "'name' appears twice"},
      {R"({"progress":{"percent":1,"percent":1}})", "'percent' appears twice"},
      {R"({"name":1e})", "malformed at byte"},
      {R"({"nmae":"a"})", "nmae"},
      {R"({"lab":"maybe"})", "lab"},
  };
  for (const auto& [json, text] : rows) {
    EXPECT_THAT(JsonCodec().ToBinary(kDevice, json),
                test::StatusIs(StatusCode::kInvalidArgument, text));
  }
}

TEST(JsonCodecTest, RefusesDeepNestingWithoutRecursing) {
  const std::string deep(1'000'000, '[');
  EXPECT_THAT(JsonCodec().ToBinary(kDevice, deep),
              test::StatusIs(StatusCode::kInvalidArgument, "levels deep"));
}

}  // namespace
}  // namespace preseal::server::http
