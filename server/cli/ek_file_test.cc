// SPDX-License-Identifier: Apache-2.0
#include "server/cli/ek_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_pki.h"

namespace preseal::server::cli {
namespace {

using test::StatusIs;

const std::string kA(64, 'a');
const std::string kB(64, 'B');

TEST(EkFileTest, ReadsDigestsOnePerLine) {
  ASSERT_OK_AND_ASSIGN(const auto keys, ReadEkFile("# maker\n" + kA + "\r\n\n" + kB + "\n" + kA));
  EXPECT_EQ(keys, (std::vector<Bytes>{Bytes(32, 0xAA), Bytes(32, 0xBB)}));
}

TEST(EkFileTest, ReadsAColumnOfACsvFile) {
  ASSERT_OK_AND_ASSIGN(const auto keys,
                       ReadEkFile("serial;ek\nS-1;\"" + kA + "\"\nS-2;" + kB + "\n"));
  EXPECT_EQ(keys.size(), 2u);
}

TEST(EkFileTest, ComputesTheDigestOfCertificates) {
  ASSERT_OK_AND_ASSIGN(const auto pki, test::TestPki::Create());
  const auto expected = pki->ca().certificate.spki_sha256();
  const std::vector<Bytes> keys = {Bytes(expected.begin(), expected.end())};
  ASSERT_OK_AND_ASSIGN(auto read, ReadEkFile("EK of S-1\n" + pki->ca().pem() + pki->ca().pem()));
  EXPECT_EQ(read, keys);
  ASSERT_OK_AND_ASSIGN(read, ReadEkFile(AsText(pki->ca().certificate.der())));
  EXPECT_EQ(read, keys);
}

TEST(EkFileTest, RefusesWhatItCannotReadWhole) {
  ASSERT_OK_AND_ASSIGN(const auto pki, test::TestPki::Create());
  const std::string pem = pki->ca().pem();
  for (const std::string& bad : std::vector<std::string>{
           std::string(), std::string("serial,ek\n"), kA + "\nnot a digest\n", kA + "," + kB,
           pem.substr(0, pem.size() / 2), pem + pki->ca().key_pem(),
           "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_THAT(ReadEkFile(bad), StatusIs(StatusCode::kInvalidArgument)) << bad;
  }
}

}  // namespace
}  // namespace preseal::server::cli
