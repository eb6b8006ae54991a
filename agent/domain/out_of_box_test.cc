// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/out_of_box.h"

#include <gtest/gtest.h>

namespace preseal::agent {
namespace {

// Reached the server, everything to be asked.
SetupFacts Reached() {
  SetupFacts facts;
  facts.offer = SetupOffer{};
  facts.offer->one_time_code = true;
  facts.offer->out_of_box.licence_text = "You agree.";
  facts.offer->out_of_box.privacy_text = "We know.";
  return facts;
}

TEST(OutOfBoxTest, AsksEachPageInOrderAndEachOnce) {
  SetupFacts facts = Reached();
  EXPECT_EQ(NextPage(facts), SetupPage::kLanguage);
  facts.language = "en-GB";
  EXPECT_EQ(NextPage(facts), SetupPage::kKeyboard);
  facts.keyboard = "gb";
  EXPECT_EQ(NextPage(facts), SetupPage::kLicence);
  facts.licence_accepted = true;
  EXPECT_EQ(NextPage(facts), SetupPage::kPrivacy);
  facts.privacy_seen = true;
  EXPECT_EQ(NextPage(facts), SetupPage::kUsername);
  facts.username = "alice";
  EXPECT_EQ(NextPage(facts), SetupPage::kCode);
  facts.code = "x";
  EXPECT_EQ(NextPage(facts), SetupPage::kSend);
  facts.request_open = true;
  EXPECT_EQ(NextPage(facts), SetupPage::kSent);
  facts.signed_in = true;
  EXPECT_EQ(NextPage(facts), SetupPage::kDone);
}

TEST(OutOfBoxTest, WhatTheOrganisationDecidedIsNotAsked) {
  SetupFacts facts = Reached();
  OutOfBox& preset = facts.offer->out_of_box;
  preset.language = "de-CH";
  preset.skip_keyboard = preset.hide_licence = preset.hide_privacy = true;
  TakePresets(&facts);
  EXPECT_EQ(facts.keyboard, "ch");
  EXPECT_EQ(NextPage(facts), SetupPage::kUsername);
}

TEST(OutOfBoxTest, AnAnswerGivenBeforeTheServerWasReachedStands) {
  SetupFacts facts = Reached();
  facts.language = "fr-FR";
  facts.offer->out_of_box.language = "de-DE";
  TakePresets(&facts);
  EXPECT_EQ(facts.language, "fr-FR");
}

// Else a question that the organisation has answered would flash up.
TEST(OutOfBoxTest, NothingIsAskedBeforeTheServerWasTried) {
  SetupFacts facts;
  EXPECT_EQ(NextPage(facts), SetupPage::kWait);
  facts.connect_failed = true;
  EXPECT_EQ(NextPage(facts), SetupPage::kLanguage);
}

TEST(OutOfBoxTest, TheNetworkIsAskedForOnlyWithoutTheServer) {
  SetupFacts facts;
  facts.connect_failed = true;
  facts.language = "en-GB";
  facts.keyboard = "gb";
  EXPECT_EQ(NextPage(facts), SetupPage::kNetwork);
  facts.wireless_chosen = true;
  EXPECT_EQ(NextPage(facts), SetupPage::kWirelessName);
  facts.wireless_name = "factory";
  EXPECT_EQ(NextPage(facts), SetupPage::kWirelessKey);
  facts.offer = SetupOffer{.one_time_code = true};
  EXPECT_EQ(NextPage(facts), SetupPage::kUsername);
}

TEST(OutOfBoxTest, ASelfDeployingDeviceAsksNothing) {
  SetupFacts facts = Reached();
  facts.offer->mode = Mode::kSelfDeploying;
  EXPECT_EQ(NextPage(facts), SetupPage::kSend);
  EXPECT_EQ(MethodOf(facts), SignInMethod::kFirstBoot);
}

TEST(OutOfBoxTest, AsksHowToSignInOnlyIfThereIsAChoice) {
  SetupFacts facts;
  facts.offer = SetupOffer{.one_time_code = true, .device_authorization = true};
  facts.language = "en-GB";
  facts.keyboard = "gb";
  EXPECT_EQ(NextPage(facts), SetupPage::kMethod);
  facts.method = SignInMethod::kDeviceAuthorization;
  EXPECT_EQ(NextPage(facts), SetupPage::kSend);
  facts.offer->one_time_code = false;
  facts.method.reset();
  EXPECT_EQ(NextPage(facts), SetupPage::kSend);
  facts.offer->device_authorization = false;
  EXPECT_EQ(NextPage(facts), SetupPage::kNoWay);
}

// A provider that is down would be asked in a circle.
TEST(OutOfBoxTest, ARefusedAuthorizationWaitsForAPerson) {
  SetupFacts facts;
  facts.offer = SetupOffer{.device_authorization = true};
  facts.language = "en-GB";
  facts.keyboard = "gb";
  facts.refused = true;
  EXPECT_EQ(NextPage(facts), SetupPage::kAgain);
}

TEST(OutOfBoxTest, KnowsLanguagesLocalesAndLayouts) {
  for (const std::string_view language : kLanguages) EXPECT_TRUE(IsLanguage(language)) << language;
  for (const char* bad : {"", "e", "EN", "en_GB", "en-gb", "en-GBR", "en-GB-x", "en\n"}) {
    EXPECT_FALSE(IsLanguage(bad)) << bad;
  }
  for (const char* bad : {"", "g", "GB", "gb;rm", "gb\"", "a-very-long-layout-name"}) {
    EXPECT_FALSE(IsKeyboard(bad)) << bad;
  }
  EXPECT_EQ(LocaleOf("en-GB"), "en_GB.UTF-8");
  EXPECT_EQ(LocaleOf("en"), "en_US.UTF-8");
  EXPECT_EQ(LocaleOf("de"), "de_DE.UTF-8");
  EXPECT_EQ(KeyboardOf("en-US"), "us");
  EXPECT_EQ(KeyboardOf("en-GB"), "gb");
  EXPECT_EQ(KeyboardOf("pt-BR"), "br");
  EXPECT_EQ(KeyboardOf("es-MX"), "latam");
  EXPECT_EQ(KeyboardOf("de-DE"), "de");
}

}  // namespace
}  // namespace preseal::agent
