// SPDX-License-Identifier: Apache-2.0
// From when on a rule of a diagnosis speaks. None of these limits anything.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace preseal::server {

using std::chrono_literals::operator""min;

inline constexpr auto kDiagnosisOfflineLeast = 10min;
inline constexpr auto kDiagnosisClockOffLeast = 5min;  // Kerberos' tolerance
inline constexpr auto kDiagnosisTokenWaitLeast = 15min;
inline constexpr auto kDiagnosisPromptWaitLeast = 5min;
inline constexpr auto kDiagnosisSlowAppLeast = 10min;
inline constexpr auto kDiagnosisSetupLong = 30min;  // Autopilot's warning, then its alarm
inline constexpr auto kDiagnosisSetupVeryLong = 60min;
inline constexpr uint32_t kDiagnosisAttemptsLeast = 3;
inline constexpr size_t kDiagnosisRestartsLeast = 2;  // unplanned, within one run

}  // namespace preseal::server
