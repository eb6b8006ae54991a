// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/adapters/grpc/run_codec.h"
#include "agent/adapters/grpc/wire_fields.h"
#include "common/base/limits.h"
#include "preseal/plan/v1/plan.pb.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

namespace wire = plan::v1;
using test::IsOk;
using test::StatusIs;
using testing::IsEmpty;

StatusOr<Plan> Decode(const wire::Plan& plan) {
  return RunCodec().DecodePlan(AsBytes(plan.SerializeAsString()));
}

// Every field set, the one step of the kind with this index.
wire::Plan Filled(int kind, int source) {
  wire::Plan plan;
  int seed = 0;
  test_wire::Fill(
      &plan, [kind, source](const auto* oneof) { return oneof->name() == "kind" ? kind : source; },
      &seed);
  auto* step = plan.mutable_steps(0);
  auto* artifact = step->has_package() ? step->mutable_package()->mutable_artifact()
                   : step->has_file() && step->file().has_artifact()
                       ? step->mutable_file()->mutable_artifact()
                       : nullptr;
  if (artifact != nullptr) artifact->set_sha256(std::string(32, 'd'));
  // Device setup is also what an absent phase means.
  step->set_phase(progress::v1::PHASE_ACCOUNT_SETUP);
  if (step->has_prompt()) (*step->mutable_prompt()->mutable_text())["en"] = "Scan the label";
  return plan;
}

TEST(PlanCodecTest, ReadsEveryFieldOfEveryKindOfStep) {
  const int kinds = wire::Step::descriptor()->FindOneofByName("kind")->field_count();
  for (int kind = 0; kind < kinds; ++kind) {
    for (const int source : {0, 1}) {
      const wire::Plan plan = Filled(kind, source);
      const auto whole = Decode(plan);
      ASSERT_THAT(whole, IsOk()) << plan.ShortDebugString();
      const std::function<bool(const wire::Plan&)> differs = [&whole](const wire::Plan& other) {
        const auto decoded = Decode(other);
        return !decoded.ok() || *decoded != *whole;
      };
      EXPECT_THAT(test_wire::Unread(plan, differs), IsEmpty()) << plan.ShortDebugString();
    }
  }
}

TEST(PlanCodecTest, GivesTheNameToTheStepsThatSetIt) {
  wire::Plan plan = Filled(0, 0);
  plan.set_device_name("BENCH-7");
  plan.mutable_steps(0)->mutable_set_name();
  auto decoded = Decode(plan);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(std::get<SetNameStep>(decoded->steps[0].action).device_name, "BENCH-7");
  plan.mutable_steps(0)->mutable_offline_join();
  decoded = Decode(plan);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(std::get<OfflineJoinStep>(decoded->steps[0].action).computer_name, "BENCH-7");
}

// What older servers leave out must not turn into something bolder.
TEST(PlanCodecTest, TakesAnOldPlanForTheTechniciansDeviceSetup) {
  wire::Plan plan = Filled(0, 0);
  plan.clear_flow();
  plan.clear_mode();
  plan.mutable_steps(0)->clear_phase();
  const auto decoded = Decode(plan);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->flow, Flow::kTechnician);
  EXPECT_EQ(decoded->mode, Mode::kUserDriven);
  EXPECT_EQ(decoded->steps[0].phase, Phase::kDeviceSetup);
}

// Every enum of the plan, one at a time, with a number nobody has given a meaning.
TEST(PlanCodecTest, RefusesAnEnumItDoesNotKnow) {
  const int kinds = wire::Step::descriptor()->FindOneofByName("kind")->field_count();
  int enums = 0;
  for (int kind = 0; kind < kinds; ++kind) {
    const wire::Plan plan = Filled(kind, 0);
    for (const auto& place : test_wire::LeavesOf(plan)) {
      if (place.field->cpp_type() != test_wire::FieldDescriptor::CPPTYPE_ENUM) continue;
      wire::Plan spoilt = plan;
      auto* owner = place.owner(&spoilt);
      owner->GetReflection()->SetEnumValue(owner, place.field, 99);
      EXPECT_THAT(Decode(spoilt), StatusIs(StatusCode::kInvalidArgument, "unknown")) << place.path;
      ++enums;
    }
  }
  EXPECT_GT(enums, 10);
}

TEST(PlanCodecTest, NamesTheItemWithoutAKind) {
  wire::Plan plan = Filled(0, 0);
  plan.mutable_steps(0)->clear_kind();
  plan.mutable_steps(0)->set_item_id("netbase");
  EXPECT_THAT(Decode(plan), StatusIs(StatusCode::kInvalidArgument, "item netbase: kind unknown"));
}

TEST(PlanCodecTest, RefusesAnErrorMessageOverItsLimit) {
  wire::Plan plan = Filled(0, 0);
  std::string text;
  for (size_t i = 0; i < kErrorMessageCharsMax; ++i) text += "é";  // counted as people count
  plan.mutable_esp()->set_error_message(text);
  EXPECT_THAT(Decode(plan), IsOk());
  plan.mutable_esp()->set_error_message(text + "!");
  EXPECT_THAT(Decode(plan), StatusIs(StatusCode::kInvalidArgument, "esp: error_message"));
}

TEST(PlanCodecTest, KeepsAHugeTimeoutLargeEnoughToBeRefused) {
  wire::Plan plan = Filled(0, 0);
  plan.mutable_steps(0)->mutable_timeout()->set_seconds(int64_t{1} << 62);
  const auto decoded = Decode(plan);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_GT(decoded->steps[0].timeout, kStepTimeoutMax);
}

}  // namespace
}  // namespace preseal::agent
