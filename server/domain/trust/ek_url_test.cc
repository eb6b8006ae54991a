// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/ek_url.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "common/crypto/issue.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

using test::StatusIs;

crypto::PublicKey KeyOfPem(std::string pem) {
  std::string base64;
  for (size_t at = 0; at < pem.size();) {
    const size_t end = std::min(pem.find('\n', at), pem.size());
    const std::string line = pem.substr(at, end - at);
    if (!line.starts_with("-----")) base64 += line;
    at = end + 1;
  }
  return crypto::PublicKey::FromSpkiDer(crypto::Base64Decode(base64).value()).value();
}

TEST(EkUrlTest, IsTheMakersOwnForTheirPublishedKeys) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const auto vectors = nlohmann::json::parse(
      preseal::ToString(ByteView(test::ReadTestdata("vectors/ekcert_url_intel_amd.json"))));
  size_t right = 0;
  for (const auto& vector : vectors["cases"]) {
    for (const EkUrl& url : EkCertificateUrls(KeyOfPem(vector["ek_public_pem"]))) {
      right += url.url == vector["url"].get<std::string>() ? 1 : 0;
    }
  }
  EXPECT_EQ(right, vectors["cases"].size());
  EXPECT_GT(right, 0u);
}

TEST(EkUrlTest, HasAnAddressAtBothMakersForAnEccKey) {
  const auto key = crypto::PrivateKey::GenerateP256().value().public_key();
  const auto urls = EkCertificateUrls(key);
  ASSERT_EQ(urls.size(), 2u);
  const auto point = key.ToEcCoordinates().value();
  Bytes hashed = {0x00, 0x00, 0x44, 0x44};
  hashed.insert(hashed.end(), point.x.begin(), point.x.end());
  hashed.insert(hashed.end(), point.y.begin(), point.y.end());
  std::string name = ToHex(ByteView(crypto::Sha256(hashed)).first(16));
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(urls[1].url, "https://ftpm.amd.com/pki/aia/" + name);
}

TEST(EkUrlTest, NamesListedHostsOnly) {
  EXPECT_TRUE(IsListedEkHost("ekop.intel.com"));
  EXPECT_TRUE(IsListedEkHost("ftpm.amd.com"));
  EXPECT_FALSE(IsListedEkHost("ftpm.amd.com.example.org"));
  EXPECT_FALSE(IsListedEkHost(""));
}

class IntelAnswerTest : public testing::Test {
 protected:
  IntelAnswerTest()
      : key_(crypto::PrivateKey::GenerateP256().value()),
        certificate_(
            crypto::IssueCa("Works", "Maker", {FromMicros(0), FromMicros(1'000'000'000)}, key_)
                .value()) {}
  std::string Answer(const crypto::PublicKey& of) const {
    const auto point = of.ToEcCoordinates().value();
    Bytes hashed = point.x;
    hashed.insert(hashed.end(), point.y.begin(), point.y.end());
    return nlohmann::json{{"pubhash", crypto::Base64UrlEncode(crypto::Sha256(hashed)) + "="},
                          {"certificate", crypto::Base64UrlEncode(certificate_.der())}}
        .dump();
  }
  const crypto::PrivateKey key_;
  const crypto::Certificate certificate_;
};

TEST_F(IntelAnswerTest, GivesTheCertificate) {
  const auto read = ReadIntelAnswer(Answer(key_.public_key()));
  ASSERT_TRUE(read.ok()) << ToString(read.status());
  EXPECT_EQ(*read, certificate_);
}

TEST_F(IntelAnswerTest, ForAnotherKeyIsRefused) {
  const auto other = crypto::PrivateKey::GenerateP256().value();
  EXPECT_THAT(ReadIntelAnswer(Answer(other.public_key())),
              StatusIs(StatusCode::kInvalidArgument, "pubhash"));
}

TEST_F(IntelAnswerTest, ThatIsNoneIsRefused) {
  for (const char* bad : {"", "{}", "[]", R"({"pubhash":"","certificate":""})", "<html>"}) {
    EXPECT_THAT(ReadIntelAnswer(bad), StatusIs(StatusCode::kInvalidArgument)) << bad;
  }
}

}  // namespace
}  // namespace preseal::server
