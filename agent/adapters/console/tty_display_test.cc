// SPDX-License-Identifier: Apache-2.0
// The full-screen display on a real pseudo-terminal.
#include "agent/adapters/console/tty_display.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <optional>

#include "agent/adapters/console/console.h"

namespace preseal::agent {
namespace {

class TtyDisplayTest : public testing::Test {
 protected:
  void SetUp() override {
    winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(openpty(&master_, &slave_, nullptr, nullptr, &size), 0);
  }
  void TearDown() override {
    close(slave_);
    close(master_);
  }

  // Reads what the terminal gets until it has seen `text` after what was read before.
  bool Sees(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      if (const size_t at = seen_.find(text, from_); at != std::string::npos) {
        from_ = at + text.size();
        return true;
      }
      pollfd wait{.fd = master_, .events = POLLIN, .revents = 0};
      if (poll(&wait, 1, 100) <= 0) continue;
      char buffer[4096];
      const ssize_t got = read(master_, buffer, sizeof(buffer));
      if (got <= 0) return false;
      seen_.append(buffer, static_cast<size_t>(got));
    }
    return false;
  }

  int master_ = -1;
  int slave_ = -1;
  std::string seen_;
  size_t from_ = 0;
};

constexpr FrameStyle kStyle{.unicode = false, .colour = false};

TEST_F(TtyDisplayTest, TakesTheScreenAndGivesItBackWithTheVerdict) {
  {
    TtyDisplay display(slave_, kStyle);
    EXPECT_TRUE(Sees("\x1b[?1049h"));
    display.ShowActivity("Creating TPM keys");
    EXPECT_TRUE(Sees("Creating TPM keys"));
    display.ShowResult({.outcome = ResultCard::Outcome::kReadyToSeal, .title = "Ready to seal"});
  }
  EXPECT_TRUE(Sees("+ GREEN  Ready to seal"));  // the last state is always drawn
  EXPECT_TRUE(Sees("\x1b[?1049l"));
  EXPECT_TRUE(Sees("result outcome=ready-to-seal"));
}

TEST_F(TtyDisplayTest, FollowsAResize) {
  TtyDisplay display(slave_, kStyle);
  EXPECT_TRUE(Sees("\x1b[24;1H"));
  winsize size{.ws_row = 12, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(ioctl(slave_, TIOCSWINSZ, &size), 0);
  display.ShowActivity("smaller");
  EXPECT_TRUE(Sees("\x1b[2J"));
  EXPECT_TRUE(Sees("\x1b[2;1H\x1b[2K" + std::string(40, '-') + "\x1b["));
}

TEST_F(TtyDisplayTest, DrawsAtMostTenTimesASecond) {
  const auto start = std::chrono::steady_clock::now();
  int changes = 0;
  {
    TtyDisplay display(slave_, kStyle);
    while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(500)) {
      display.ShowActivity("change " + std::to_string(++changes));
    }
  }
  EXPECT_TRUE(Sees("\x1b[?1049l"));
  size_t draws = 0;
  for (size_t at = 0; (at = seen_.find("\x1b[24;1H", at)) != std::string::npos; ++at) ++draws;
  EXPECT_GT(changes, 100);
  EXPECT_LE(draws, 8u);  // five intervals, the first, the last
}

TEST_F(TtyDisplayTest, ShowsWhatIsTypedAndForgetsANotice) {
  TtyDisplay display(slave_, kStyle);
  Question question;
  question.id = "room";
  question.title = "Room";
  display.ShowQuestion(question);
  EXPECT_TRUE(Sees("Room"));
  EXPECT_TRUE(display.Typed("Hal").empty());
  EXPECT_TRUE(Sees("> Hal"));
  EXPECT_EQ(display.Typed("l\r"), (std::vector<InputEvent>{{std::nullopt, "room", "Hall"}}));
  display.ShowQuestion(std::nullopt);
  display.ShowNotice("Taken, thank you");
  EXPECT_TRUE(Sees("Taken, thank you"));
}

TEST_F(TtyDisplayTest, RestoresOnceAndStopsDrawingAfterASignal) {
  std::optional<TtyDisplay> display(std::in_place, slave_, kStyle);
  EXPECT_TRUE(Sees("\x1b[24;1H"));
  RestoreTerminal();
  EXPECT_TRUE(Sees("\x1b[?1049l"));
  display.reset();
  ASSERT_EQ(write(slave_, "END", 3), 3);
  EXPECT_TRUE(Sees("END"));
  const std::string after = seen_.substr(seen_.find("\x1b[?1049l") + 8);
  EXPECT_EQ(after.find("\x1b[?1049l"), std::string::npos);
}

}  // namespace
}  // namespace preseal::agent
