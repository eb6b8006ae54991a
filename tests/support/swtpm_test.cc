// SPDX-License-Identifier: Apache-2.0
#include "tests/support/swtpm.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tests/support/child_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::test {
namespace {

class SwtpmTest : public testing::Test {
 protected:
  Status Tpm2(std::vector<std::string> argv, const Swtpm& swtpm) {
    argv.push_back("-T");
    argv.push_back(swtpm.tcti());
    return RunTool(argv, dir_.File("tpm2.log"));
  }

  TempDir dir_;
};

TEST_F(SwtpmTest, ManufacturedTpmHoldsEkCertificateOfItsAuthority) {
  std::filesystem::create_directory(dir_.path() / "ca");
  ASSERT_OK_AND_ASSIGN(const EkAuthority ca, EkAuthority::Create(dir_.File("ca"), "Test TPM CA"));
  ASSERT_OK(ManufactureTpm(dir_.File("tpm"), ca));
  ASSERT_OK_AND_ASSIGN(auto swtpm, Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
  for (const std::string index : {"0x01C00002", "0x01C00016"}) {
    ASSERT_OK(Tpm2({"tpm2_nvread", index, "-o", dir_.File("ek.der")}, *swtpm));
    ASSERT_OK(RunTool({"openssl", "x509", "-inform", "DER", "-in", dir_.File("ek.der"), "-out",
                       dir_.File("ek.pem")},
                      dir_.File("openssl.log")));
    EXPECT_OK(RunTool({"openssl", "verify", "-CAfile", ca.certificate_file(), dir_.File("ek.pem")},
                      dir_.File("openssl.log")));
  }
}

TEST_F(SwtpmTest, RestartKeepsPersistentStateAndServesAgain) {
  ASSERT_OK_AND_ASSIGN(auto swtpm, Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
  ASSERT_OK(Tpm2({"tpm2_nvdefine", "0x01500000", "-s", "4"}, *swtpm));
  const pid_t before = swtpm->pid();
  ASSERT_OK(swtpm->Restart());
  EXPECT_NE(swtpm->pid(), before);
  EXPECT_OK(Tpm2({"tpm2_nvreadpublic", "0x01500000"}, *swtpm));
}

TEST_F(SwtpmTest, DropLeavesNoProcessAndNoSocket) {
  ASSERT_OK_AND_ASSIGN(auto swtpm, Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
  const pid_t pid = swtpm->pid();
  swtpm.reset();
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_FALSE(std::filesystem::exists(dir_.File("s")));
}

TEST_F(SwtpmTest, RefusesSocketPathThatDoesNotFit) {
  EXPECT_THAT(Swtpm::Start(dir_.File("tpm"), dir_.File(std::string(100, 'x'))),
              StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::test
