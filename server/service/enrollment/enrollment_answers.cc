// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/enrollment_answers.h"

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::server {

void EnrollmentAnswers::Keep(ByteView session_id, ByteView proof, const EnrollmentAnswer& answer,
                             WallTime now) {
  auto kept = kept_.Lock();
  std::erase_if(*kept,
                [&](const auto& entry) { return now - entry.second.time > kEnrollmentAnswerLife; });
  if (kept->size() >= kEnrollmentAnswersKept) {
    kept->erase(std::min_element(kept->begin(), kept->end(), [](const auto& a, const auto& b) {
      return a.second.time < b.second.time;
    }));
  }
  kept->insert_or_assign(ToBytes(session_id), Kept{ToBytes(proof), answer, now});
}

std::optional<EnrollmentAnswer> EnrollmentAnswers::Find(ByteView session_id, ByteView proof,
                                                        WallTime now) {
  auto kept = kept_.Lock();
  const auto found = kept->find(ToBytes(session_id));
  if (found == kept->end() || now - found->second.time > kEnrollmentAnswerLife) return std::nullopt;
  if (!ConstantTimeEqual(found->second.proof, proof)) return std::nullopt;
  return found->second.answer;
}

}  // namespace preseal::server
