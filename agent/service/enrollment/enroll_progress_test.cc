// SPDX-License-Identifier: Apache-2.0
#include "agent/service/enrollment/enroll_progress.h"

#include <gtest/gtest.h>

#include <future>

namespace preseal::agent {
namespace {

// Fulfils a promise when the same activity comes for the third time.
class ThirdLine final : public StatusDisplay {
 public:
  void ShowActivity(std::string_view text) override {
    EXPECT_EQ(text.substr(0, 13), "Creating keys");
    if (++lines_ == 3) third_.set_value(std::string(text));
  }
  void ShowConnection(bool, std::string_view) override {}
  void ShowLanding(const LandingCard&) override {}
  void ShowItems(std::span<const Item>, std::chrono::seconds) override {}
  void ShowLog(std::string_view, std::string_view) override {}
  void ShowResult(const ResultCard&) override {}
  std::future<std::string> third() { return third_.get_future(); }
  int lines() const { return lines_; }

 private:
  int lines_ = 0;
  std::promise<std::string> third_;
};

TEST(EnrollProgressTest, LongWorkKeepsSayingHowLongItTakes) {
  ThirdLine display;
  auto third = display.third();
  const EnrollProgress progress(display, "Creating keys", std::chrono::milliseconds(1));
  ASSERT_EQ(third.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(third.get(), "Creating keys (0 s)");
}

TEST(EnrollProgressTest, ShortWorkIsOneLine) {
  ThirdLine display;
  { const EnrollProgress progress(display, "Creating keys", std::chrono::hours(1)); }
  EXPECT_EQ(display.lines(), 1);
}

}  // namespace
}  // namespace preseal::agent
