// SPDX-License-Identifier: Apache-2.0
// Any file at all, under a name that leaves its kind open. Links server_lint only.
#include <cstdlib>

#include "server/domain/lint/lint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  preseal::server::LintInput input;
  input.path = "file.bin";
  input.bytes = {data, size};
  const auto results = preseal::server::Lint(input, {});
  if (results.empty()) std::abort();
  for (const auto& result : results) {
    // Without trust anchors no certificate is valid.
    if (!result.spki.empty() && result.verdict() == preseal::server::LintVerdict::kValid) {
      std::abort();
    }
  }
  return 0;
}
