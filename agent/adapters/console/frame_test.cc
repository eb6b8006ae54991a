// SPDX-License-Identifier: Apache-2.0
// Whole screens against testdata/*.txt. PRESEAL_UPDATE_GOLDEN=1 writes the files anew.
#include "agent/adapters/console/frame.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/base/display_width.h"

namespace preseal::agent {
namespace {

constexpr FrameStyle kUnicode{.unicode = true, .colour = false};
constexpr FrameStyle kAscii{.unicode = false, .colour = false};

std::string Joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines)
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  return out;
}

void ExpectGolden(const std::string& name, const std::string& screen) {
  const std::string path = std::string(PRESEAL_CONSOLE_TESTDATA) + "/" + name + ".txt";
  if (std::getenv("PRESEAL_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << screen;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.good()) << path << " is missing";
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(screen, expected.str()) << name;
}

ScreenModel Landed() {
  ScreenModel model;
  model.activity = "Waiting for start";
  model.connected = true;
  model.landing = LandingCard{.organisation = "Example Manufacturing Ltd",
                              .profile = "Kiosk, standard",
                              .assigned_user = "alice@example.com",
                              .device_id = "D-1042",
                              .serial_number = "SN-000123",
                              .qr_text = "https://preseal.example.com:8443/#/devices/D-1042",
                              .lab = true};
  return model;
}

Item MakeItem(std::string id, std::string name, Phase phase, ItemState state) {
  return {
      .item_id = std::move(id), .display_name = std::move(name), .phase = phase, .state = state};
}

ScreenModel Running() {
  ScreenModel model = Landed();
  model.activity = "Provisioning";
  model.elapsed = std::chrono::seconds(75);
  auto& items = model.items;
  const auto prepare = Phase::kDevicePreparation;
  const auto setup = Phase::kDeviceSetup;
  items.push_back(MakeItem("attest", "Secure your hardware", prepare, ItemState::kSucceeded));
  items.push_back(MakeItem("join", "Join your organisation", prepare, ItemState::kSucceeded));
  items.push_back(MakeItem("policy", "Baseline policy", setup, ItemState::kSucceeded));
  items.back().already_done = true;
  items.push_back(MakeItem("ca", "Corporate root", setup, ItemState::kNotRequired));
  items.push_back(MakeItem("agent", "Management agent", setup, ItemState::kInProgress));
  items.back().percent = 45;
  for (int i = 1; i <= 20; ++i) {
    const std::string number = std::to_string(i);
    items.push_back(MakeItem("app-" + number, "App " + number, setup, ItemState::kNotStarted));
  }
  model.log.push_back("agent: Unpacking 3 of 7");
  return model;
}

ScreenModel Failed() {
  ScreenModel model = Running();
  model.items[4].state = ItemState::kFailed;
  model.items[4].code = "EXIT_CODE";
  model.items[4].message = "the installer ended with exit code 3";
  return model;
}

ScreenModel Refused() {
  ScreenModel model;
  model.connected = true;
  model.result = ResultCard{
      .outcome = ResultCard::Outcome::kRefused,
      .title = "Attestation refused",
      .code = "EK_CHAIN_UNTRUSTED",
      .message = "The TPM's certificate does not lead to a trusted maker.",
      .seen = "CN=Other Root",
      .expected = "one of 2 configured roots",
      .remedy =
          "Set the device aside and tell the line lead; import the maker's root certificate "
          "if the device is genuine.",
      .elapsed = std::chrono::seconds(9)};
  return model;
}

ScreenModel Green() {
  ScreenModel model = Running();
  model.result = ResultCard{.outcome = ResultCard::Outcome::kReadyToSeal,
                            .title = "Ready to seal",
                            .message = "Every blocking item is verified.",
                            .remedy = "Press Reseal on the dashboard.",
                            .elapsed = std::chrono::seconds(3725)};
  return model;
}

struct Size {
  size_t width;
  size_t height;
};
constexpr Size kSizes[] = {{80, 24}, {120, 40}, {40, 12}};

void ExpectScreens(const std::string& name, const ScreenModel& model, const FrameStyle& style) {
  for (const Size size : kSizes) {
    ExpectGolden(name + "-" + std::to_string(size.width) + "x" + std::to_string(size.height),
                 Joined(Frame(model, size.width, size.height, style)));
  }
}

// Whoever looks at the screen must see it without asking, on every page.
TEST(FrameTest, AQuarantineIsSaidInWords) {
  for (ScreenModel model : {Landed(), Running(), Green()}) {
    model.landing->quarantined = true;
    std::string screen;
    for (const std::string& line : Frame(model, 80, 24, kUnicode)) screen += line + "\n";
    EXPECT_NE(screen.find("QUARANTINED"), std::string::npos) << screen;
  }
}

TEST(FrameTest, ShowsTheLandingCardWithItsQrCode) { ExpectScreens("landing", Landed(), kUnicode); }
TEST(FrameTest, ShowsPhasesAndItemsWithBars) { ExpectScreens("running", Running(), kUnicode); }
TEST(FrameTest, ShowsAFailedItemWithItsReason) { ExpectScreens("failed", Failed(), kUnicode); }
TEST(FrameTest, ShowsARefusalWithSeenExpectedAndRemedy) {
  ExpectScreens("refused", Refused(), kUnicode);
}
TEST(FrameTest, ShowsTheGreenCardWithElapsedTime) { ExpectScreens("green", Green(), kUnicode); }
TEST(FrameTest, FallsBackToAscii) {
  ExpectScreens("running-ascii", Running(), kAscii);
  ExpectScreens("landing-ascii", Landed(), kAscii);
}

TEST(FrameTest, KeepsAsciiOnlyWhenAskedTo) {
  ScreenModel model = Running();
  model.landing->organisation = "Büro für Geräte";
  for (const std::string& line : Frame(model, 80, 24, kAscii)) {
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << line;
  }
}

// Every size, every screen: as many lines as asked for, none too wide.
TEST(FrameTest, NeverLeavesItsArea) {
  for (const ScreenModel& model :
       {ScreenModel(), Landed(), Running(), Failed(), Refused(), Green()}) {
    for (size_t width = 1; width <= 130; width += 3) {
      for (size_t height = 1; height <= 44; height += 2) {
        for (const FrameStyle& style : {kUnicode, kAscii}) {
          const auto lines = Frame(model, width, height, style);
          ASSERT_EQ(lines.size(), std::max(height, kFrameHeightMin));
          for (const std::string& line : lines) {
            ASSERT_LE(DisplayWidth(line), std::max(width, kFrameWidthMin)) << line;
          }
        }
      }
    }
  }
}

TEST(FrameTest, EscapesHostileText) {
  ScreenModel model = Failed();
  const std::string hostile = "x\x1b[2J\r\ny\xE2\x80\xAEz";
  model.activity = model.connection_detail = hostile;
  model.landing->organisation = model.landing->serial_number = hostile;
  model.items[0].display_name = model.items[4].code = model.items[4].message = hostile;
  model.log.push_back(hostile);
  for (const bool with_result : {false, true}) {
    if (with_result) {
      model.result = ResultCard{.title = hostile,
                                .code = hostile,
                                .message = hostile,
                                .seen = hostile,
                                .expected = hostile,
                                .remedy = hostile};
    }
    const std::string screen = Joined(Frame(model, 120, 40, kUnicode));
    EXPECT_EQ(screen.find('\x1b'), std::string::npos);
    EXPECT_EQ(screen.find('\r'), std::string::npos);
    EXPECT_EQ(screen.find("\xE2\x80\xAE"), std::string::npos);
    EXPECT_NE(screen.find("x\\x1b[2J\\x0d\\x0ay"), std::string::npos);
  }
}

TEST(FrameTest, ColourAddsNothingButColour) {
  const auto plain = Frame(Failed(), 80, 24, kUnicode);
  const auto coloured = Frame(Failed(), 80, 24, {.unicode = true, .colour = true});
  ASSERT_EQ(plain.size(), coloured.size());
  bool red = false;
  for (size_t i = 0; i < plain.size(); ++i) {
    std::string stripped;
    for (size_t at = 0; at < coloured[i].size(); ++at) {
      if (coloured[i][at] == '\x1b') {
        at = coloured[i].find('m', at);
      } else {
        stripped += coloured[i][at];
      }
    }
    EXPECT_EQ(stripped, plain[i]);
    red = red || coloured[i].find("\x1b[1;31mFAILED") != std::string::npos;
  }
  EXPECT_TRUE(red);
}

TEST(ElapsedTextTest, ReadsAsAClock) {
  EXPECT_EQ(ElapsedText(std::chrono::seconds(5)), "0:05");
  EXPECT_EQ(ElapsedText(std::chrono::seconds(3599)), "59:59");
  EXPECT_EQ(ElapsedText(std::chrono::seconds(3725)), "1:02:05");
  EXPECT_EQ(ElapsedText(std::chrono::seconds(-1)), "0:00");
}

}  // namespace
}  // namespace preseal::agent
