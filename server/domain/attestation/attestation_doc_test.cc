// SPDX-License-Identifier: Apache-2.0
// docs/attestation.md is printed from the tables. PRESEAL_UPDATE_GOLDEN=1 rewrites it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/attestation/seal_quote.h"

namespace preseal::server {
namespace {

std::string ChecksMarkdown() {
  std::string text =
      "## Checks\n\nIn this order; the first that fails decides. The number stands in the "
      "findings of every\nattestation.\n\n| number | check |\n|---|---|\n";
  for (const AttestationChecks group :
       {InputChecks(), EkCertificateChecks(), EkChainChecks(), EkKeyChecks(), TpmIdentityChecks(),
        TrustModelChecks(), DeviceKeyChecks(), CertifyChecks(), QuoteChecks()}) {
    for (const AttestationCheck& check : group) {
      text += fmt::format("| {} | {} |\n", check.number, check.name);
    }
  }
  return text;
}

std::string RefusalsMarkdown() {
  std::string text =
      "\n## Refusal codes\n\nThe closed set of `preseal.enrollment.v1.Refusal.code`. \"Retry\": "
      "trying again may help.\n\n| code | message | remedy | retry |\n|---|---|---|---|\n";
  for (const RefusalInfo& info : AllRefusals()) {
    text += fmt::format("| `{}` | {} | {} | {} |\n", info.name, info.message, info.remedy,
                        info.retry_allowed ? "yes" : "no");
  }
  return text;
}

std::string SealCodesMarkdown() {
  std::string text =
      "\n## Seal quote codes\n\nWhy a reseal was refused after the second quote. All but the last "
      "block the device.\n\n"
      "| code | message |\n|---|---|\n";
  for (auto code = SealQuoteCode::kAkChanged; code <= SealQuoteCode::kQuoteClockUnsafe;
       code = static_cast<SealQuoteCode>(static_cast<int>(code) + 1)) {
    text += fmt::format("| `{}` | {} |\n", NameOf(code), SentenceOf(code));
  }
  return text;
}

std::string AttestationMarkdown() {
  return "# Attestation checks and codes\n\nPrinted from the code "
         "(`server/domain/attestation/attestation_doc_test.cc`); do not edit.\n\n" +
         ChecksMarkdown() + RefusalsMarkdown() + SealCodesMarkdown();
}

TEST(AttestationDocTest, IsWhatTheTablesPrint) {
  const std::string path = PRESEAL_SOURCE_DIR "/docs/attestation.md";
  if (std::getenv("PRESEAL_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << AttestationMarkdown();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), AttestationMarkdown()) << "run this test with PRESEAL_UPDATE_GOLDEN=1";
}

}  // namespace
}  // namespace preseal::server
