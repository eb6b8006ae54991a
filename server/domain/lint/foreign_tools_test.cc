// SPDX-License-Identifier: Apache-2.0
// Where Debian's tpm2-tools 5.4 goes wrong, and we do not (attestation.md section 0.7). A fixed
// version of the tools skips, loudly.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/crypto/encoding.h"
#include "server/domain/lint/lint.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

using nlohmann::json;

class ForeignToolsTest : public testing::Test {
 protected:
  std::string Save(const std::string& name, std::string_view content) {
    std::ofstream(dir_.File(name), std::ios::binary) << content;
    return dir_.File(name);
  }
  // What the tool prints, whatever its exit code; and whether that was 0.
  std::string Output(const std::vector<std::string>& argv, bool* good) {
    const Status status = test::RunTool(argv, dir_.File("log"));
    *good = status.ok();
    std::ifstream in(dir_.File("log"));
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  test::TempDir dir_;
};

TEST_F(ForeignToolsTest, AQuoteWithAWrongMagicThatCheckquoteAcceptsIsRefused) {
  test::AttestationFixture chip;
  std::string nonce;
  chip.change_quote = [&nonce](tpmwire::Attest& quote) {
    nonce = ToHex(quote.extra_data);
    quote.header.magic = 0x12345678;
  };
  const AttestationEvidence evidence = chip.Build();
  // What the signature covers is what a restricted key signs for whoever asks it to hash bytes that
  // do not begin as a TPM's own statements do; TpmTroubleTest makes such a ticket on a real one.
  const std::string base64 = crypto::Base64Encode(chip.ak_key.public_key().SpkiDer());
  const std::string pem = "-----BEGIN PUBLIC KEY-----\n" + base64.substr(0, 64) + "\n" +
                          base64.substr(64) + "\n-----END PUBLIC KEY-----\n";
  LintOptions options;
  options.key = chip.ak_key.public_key();
  const auto ours = Lint({.path = "quote.attest",
                          .bytes = evidence.quote_attest,
                          .signature = evidence.quote_signature},
                         options);
  EXPECT_EQ(ours.at(0).code(), RefusalCode::kQuoteMagic);

  bool accepted = false;
  const std::string said =
      Output({"tpm2_checkquote", "-u", Save("ak.pem", pem), "-m",
              Save("q.attest", AsText(evidence.quote_attest)), "-s",
              Save("q.sig", AsText(evidence.quote_signature)), "-g", "sha256", "-q", nonce},
             &accepted);
  if (!accepted) GTEST_SKIP() << "NOT SHOWN: this tpm2_checkquote refuses the quote: " << said;
}

TEST_F(ForeignToolsTest, LogsThatEventlogCannotReplayReplayToTheirValues) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const Bytes text = test::ReadTestdata("index.json");
  const json index = json::parse(AsText(text));
  int wrong = 0;
  for (const std::string name :
       {"eventlogs/option_rom.bin", "eventlogs/glinux-alex.bin",
        "eventlogs/keylime_bios_measurements.bin", "eventlogs/eventlogwithsp800155.bin"}) {
    const Bytes log = test::ReadTestdata(name);
    const auto ours = Lint({.path = name, .bytes = log}, {});
    for (const json& entry : index["files"]) {
      if (entry["file"] != name) continue;
      const auto& bank = entry["expected"]["replay_pcrs"]["sha1"];
      const std::string pcr0 = ours.at(0).pcrs->at("sha1").at(0);
      EXPECT_EQ(pcr0, bank["0"]) << name;
      bool good = false;
      std::filesystem::remove(dir_.File("log"));
      const std::string said = Output({"tpm2_eventlog", Save("boot.log", AsText(log))}, &good);
      const bool right = good && said.find(pcr0) != std::string::npos;
      std::cout << name << ": tpm2_eventlog "
                << (!good   ? "failed"
                    : right ? "right"
                            : "wrong PCR 0")
                << "\n";
      wrong += right ? 0 : 1;
    }
  }
  if (wrong == 0) GTEST_SKIP() << "NOT SHOWN: this tpm2_eventlog reads all of them rightly";
}

}  // namespace
}  // namespace preseal::server
