// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/domain/out_of_box.h"
#include "agent/service/session/session_channel.h"
#include "agent/service/status_display.h"

namespace preseal::agent {

inline constexpr char kAcceptAnswer[] = "accept";
inline constexpr char kNextAnswer[] = "next";
inline constexpr char kTryAgainAnswer[] = "try again";
inline constexpr char kWirelessAnswer[] = "wireless network";
inline constexpr char kCodeAnswer[] = "one-time code";
inline constexpr char kSignInPageAnswer[] = "sign-in page of the organisation";

// The id of a page's question, also the key of a prepared answer: "language", "keyboard",
// "network", "wireless-name", "wireless-key", "licence", "privacy", "sign-in", "username", "code",
// "again". Empty for pages that ask nothing.
std::string_view QuestionIdOf(SetupPage page);

// The question of a page that asks something.
Question QuestionOf(SetupPage page, const SetupFacts& facts, const std::string& assigned_user);

// What the user has to do elsewhere while a device authorization is pending; no answer is expected.
Question PendingQuestion(const SignInState& state);

}  // namespace preseal::agent
