// SPDX-License-Identifier: Apache-2.0
// Internal to server/domain/diagnosis: what rules look for that no code or text says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/domain/diagnosis/diagnosis.h"

namespace preseal::server {

// Failed and not let pass, stalls, or needed another attempt.
bool InTrouble(const Item& item);
// At most kDiagnosisTextBytesMax bytes, cut at a character.
std::string Shortened(std::string_view text);
DiagnosisEvidence EvidenceOf(const Item& item);
DiagnosisEvidence EvidenceOf(const JournalLine& line);

// Each returns nothing unless it is the case.
std::vector<DiagnosisEvidence> DeviceOffline(const CaseFile& file);
std::vector<DiagnosisEvidence> ClockIsOff(const CaseFile& file);
std::vector<DiagnosisEvidence> RestartsAgainAndAgain(const CaseFile& file);
std::vector<DiagnosisEvidence> Stalls(const CaseFile& file);
std::vector<DiagnosisEvidence> WaitsLongForToken(const CaseFile& file);
std::vector<DiagnosisEvidence> WaitsForAnswer(const CaseFile& file);
std::vector<DiagnosisEvidence> RanOutOfTime(const CaseFile& file);
std::vector<DiagnosisEvidence> MostDoesNotApply(const CaseFile& file);
std::vector<DiagnosisEvidence> ManyAttempts(const CaseFile& file);
std::vector<DiagnosisEvidence> SlowApps(const CaseFile& file);
std::vector<DiagnosisEvidence> SetupIsLong(const CaseFile& file);
std::vector<DiagnosisEvidence> SetupIsVeryLong(const CaseFile& file);
std::vector<DiagnosisEvidence> ProgramMissing(const CaseFile& file);

}  // namespace preseal::server
