// SPDX-License-Identifier: Apache-2.0
// The evidence files as stock tools read them: a real quote of a software TPM, checked by
// tpm2_checkquote with the very command that VERIFY.txt gives.
#include <filesystem>

#include "common/process/process.h"
#include "preseal/enrollment/v1/enrollment.pb.h"
#include "server/cli/cli_fixture.h"
#include "tests/support/swtpm.h"

namespace preseal::server::cli {
namespace {

using testing::HasSubstr;

constexpr char kNonce[] = "00112233445566778899aabbccddeeff";
// What a server may ask for: two banks, and more PCRs than one list of tpm2-tools holds.
constexpr uint32_t kQuotedPcrs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14};
constexpr char kSelection[] = "sha256:0,1,2,3,4,5,6,7,8,9,14+sha384:0,1,2,3,4,5,6,7,8,9,14";

class CliEvidenceTest : public CliTest {
 protected:
  // Runs a shell line in `directory`; true if it succeeds. Its output is kept for messages.
  bool Shell(const std::string& line, const std::string& directory, const std::string& tcti = "") {
    process::Command command;
    command.argv = {"/bin/sh", "-ec", line};
    command.environment = process::OwnEnvironment();
    if (!tcti.empty()) command.environment.push_back("TPM2TOOLS_TCTI=" + tcti);
    command.working_directory = directory;
    command.timeout = std::chrono::seconds(50);
    const auto captured = process::RunAndCapture(command);
    shell_output_ =
        captured.ok() ? captured->output + captured->error : preseal::ToString(captured.status());
    return captured.ok() && captured->ending.Succeeded();
  }

  // A quote over PCRs of one bank by a fresh AK, as an agent would send it.
  void QuoteWithRealTpm() {
    const std::string work = dir_.path().string();
    ASSERT_OK_AND_ASSIGN(const auto tpm, test::Swtpm::Start(work + "/tpm", dir_.File("tpm.sock")));
    ASSERT_TRUE(
        Shell("tpm2_createprimary -C e -g sha256 -G ecc:ecdsa-sha256:null -c ak.ctx -a "
              "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign'\n"
              "tpm2_readpublic -c ak.ctx -f tpmt -o ak.tpmt\n"
              "tpm2_pcrextend 7:sha256=" +
                  std::string(64, 'a') +
                  "\n"
                  "tpm2_quote -c ak.ctx -l " +
                  kSelection + " -q " + kNonce +
                  " -m q.msg -s q.sig\n"
                  "tpm2_pcrread " +
                  kSelection + " -o q.values\n",
              work, tpm->tcti()))
        << shell_output_;
    enrollment::v1::Evidence evidence;
    evidence.set_quote_attest(Read(work + "/q.msg"));
    evidence.set_quote_signature(Read(work + "/q.sig"));
    evidence.set_ak_public(Read(work + "/ak.tpmt"));
    const std::string values = Read(work + "/q.values");
    ASSERT_EQ(values.size(), std::size(kQuotedPcrs) * (32 + 48));
    // The device may send them in any order.
    for (size_t at = std::size(kQuotedPcrs); at-- > 0;) {
      AddPcr(0x000B, kQuotedPcrs[at], values.substr(at * 32, 32), &evidence);
      AddPcr(0x000C, kQuotedPcrs[at], values.substr(std::size(kQuotedPcrs) * 32 + at * 48, 48),
             &evidence);
    }
    fleet_.evidence.set_evidence(evidence.SerializeAsString());
    ASSERT_OK_AND_ASSIGN(const Bytes nonce, FromHex(kNonce));
    fleet_.evidence.set_quote_qualifying_data(preseal::ToString(ByteView(nonce)));
    fleet_.evidence.set_accepted(true);
  }

  static void AddPcr(uint32_t algorithm, uint32_t index, std::string bytes,
                     enrollment::v1::Evidence* evidence) {
    auto* value = evidence->add_pcr_values();
    value->set_hash_algorithm(algorithm);
    value->set_index(index);
    value->set_value(std::move(bytes));
  }

  // The command of VERIFY.txt that begins with `tool`.
  std::string Instruction(const std::string& directory, const std::string& tool) {
    const std::string text = Read(directory + "/VERIFY.txt");
    const size_t start = text.find(tool);
    if (start == std::string::npos) return "false";
    const size_t end = text.find("\n  (", start);
    return text.substr(start, end - start);
  }

  std::string shell_output_;
};

TEST_F(CliEvidenceTest, StockToolAcceptsTheQuoteAndRefusesAChangedOne) {
  QuoteWithRealTpm();
  if (HasFatalFailure()) return;
  const std::string to = dir_.File("evidence");
  const CliResult result = RunAsAdmin({"evidence", "D-1", "-o", to});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string check = Instruction(to, "tpm2_checkquote");
  EXPECT_TRUE(Shell(check, to)) << check << "\n" << shell_output_;
  // One bit of the first PCR value: behind the selections, a count of lists, one of values, a size.
  constexpr size_t kFirstValueAt = 132 + 4 + 4 + 2;
  std::string pcrs = Read(to + "/quote.pcrs");
  pcrs[kFirstValueAt] = static_cast<char>(pcrs[kFirstValueAt] ^ 1);
  Write("evidence/quote.pcrs", pcrs);
  EXPECT_FALSE(Shell(check, to));
}

TEST_F(CliEvidenceTest, GivesPublicKeysAsPem) {
  QuoteWithRealTpm();
  if (HasFatalFailure()) return;
  const std::string to = dir_.File("evidence");
  ASSERT_EQ(RunAsAdmin({"evidence", "D-1", "-o", to}).code, 0);
  EXPECT_TRUE(Shell("openssl pkey -pubin -in ak.pem -noout -text", to)) << shell_output_;
  EXPECT_THAT(shell_output_, HasSubstr("prime256v1"));
}

TEST_F(CliEvidenceTest, NeverMixesTwoAttestations) {
  const std::string to = dir_.File("evidence");
  fleet_.evidence.set_evidence(enrollment::v1::Evidence().SerializeAsString());
  fleet_.evidence.set_challenge("S0");
  ASSERT_EQ(RunAsAdmin({"evidence", "D-1", "-o", to}).code, 0);
  const CliResult again = RunAsAdmin({"evidence", "D-1", "-o", to});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("already holds"));
}

TEST_F(CliEvidenceTest, SaysThatStoredEvidenceIsDamaged) {
  fleet_.evidence.set_evidence("\xFF\xFF\xFF");
  const CliResult result = RunAsAdmin({"evidence", "D-1", "-o", dir_.File("evidence")});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("does not parse"));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("evidence")));
}

}  // namespace
}  // namespace preseal::server::cli
