// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/diagnostics only: runs as text for people.
#pragma once

#include <string>
#include <vector>

#include "agent/domain/redact.h"
#include "agent/service/run/run_store.h"

namespace preseal::agent {

// One event per line as proto3 JSON with its sequence: the last of every key, and all that the
// server has not acked. Answers to questions are left out, and every text is clean, so that each
// line stays whole. At most kDiagnosticsFileBytesMax; the last line says so if events are missing.
StatusOr<std::string> EventsText(RunLog& log, const Redactor& redactor);
// What of the plan is no secret, as clean JSON: items and how they hang together, not what they
// contain.
std::string PlanText(const RunLog& log, const Redactor& redactor);
// Values that a bundle must not repeat: those of text inputs.
std::vector<std::string> SecretsOf(const RunLog& log);

}  // namespace preseal::agent
