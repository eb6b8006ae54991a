// SPDX-License-Identifier: Apache-2.0
// verify: offline, against real signatures. Each refusal spoils one thing.
#include <nlohmann/json.hpp>

#include "common/crypto/encoding.h"
#include "common/crypto/jws.h"
#include "server/cli/cli_fixture.h"

namespace preseal::server::cli {
namespace {

using testing::HasSubstr;

// In functions that return text: a failed expectation and no text.
#define ASSERT_OK_OR_RETURN_EMPTY(lhs, expr) \
  EMPTY_IF_ERROR_(PRESEAL_CONCAT_(made_or_, __LINE__), lhs, expr)
#define EMPTY_IF_ERROR_(var, lhs, expr) \
  auto var = (expr);                    \
  EXPECT_OK(var.status());              \
  if (!var.ok()) return "";             \
  lhs = std::move(var).value()

constexpr auto kHour = std::chrono::hours(1);

class CliVerifyTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    payload_ = {{"iss", "Example Ltd"},
                {"iat", Seconds(now_)},
                {"sub", "D-1042"},
                {"serial_number", "SN-1"},
                {"profile", {{"name", "kiosk"}, {"digest", "ab12"}}},
                {"attestation", {{"lab", true}, {"trust_models", {"EKCert"}}}},
                {"items",
                 {{{"id", "browser"},
                   {"name", "Browser"},
                   {"state", "SUCCEEDED"},
                   {"already_done", true}}}},
                {"waivers", nlohmann::ordered_json::array()}};
  }

  static int64_t Seconds(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  }

  // A seal CA and signer of its own, valid around `at`; returns the JWS and writes the CA.
  std::string Sign(WallTime at, const std::string& type = crypto::kBirthCertificateType) {
    const crypto::Validity long_time{at - kHour, now_ + kHour};
    const crypto::Validity short_time{at - kHour, at + std::chrono::minutes(30)};
    ASSERT_OK_OR_RETURN_EMPTY(auto ca_key, crypto::PrivateKey::GenerateP256());
    ASSERT_OK_OR_RETURN_EMPTY(auto ca, crypto::IssueCa("Example", "Seal CA", long_time, ca_key));
    ASSERT_OK_OR_RETURN_EMPTY(auto key, crypto::PrivateKey::GenerateP256());
    ASSERT_OK_OR_RETURN_EMPTY(
        auto signer, crypto::IssueSealSigner("Example", "Seal signer", short_time, key.public_key(),
                                             {ca, ca_key}));
    ASSERT_OK_OR_RETURN_EMPTY(auto jws, crypto::SignCompact(type, payload_.dump(), key, {signer}));
    seal_ca_ = Write("seal-ca.pem", ca.ToPem());
    return jws;
  }

  CliResult VerifyText(const std::string& text, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"verify", "-", "--ca", seal_ca_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments, text);
  }

  const WallTime now_ = std::chrono::system_clock::now();
  nlohmann::ordered_json payload_;
  std::string seal_ca_;
};

TEST_F(CliVerifyTest, AcceptsAGoodOneAndShowsWhatItSays) {
  const CliResult result = VerifyText(Sign(now_) + "\n");
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("Verdict                   + VALID\n"));
  EXPECT_THAT(result.out, HasSubstr("Attested                  LAB - not for production\n"));
  EXPECT_THAT(result.out, HasSubstr("Device                    D-1042\n"));
  EXPECT_THAT(result.out, HasSubstr("profile name              kiosk\n"));
  EXPECT_THAT(result.out, HasSubstr("attestation trust_models  EKCert\n"));
  EXPECT_THAT(result.out, HasSubstr("waivers                   none\n"));
  EXPECT_THAT(result.out, HasSubstr("browser  SUCCEEDED (in place)  Browser\n"));
}

TEST_F(CliVerifyTest, SpeaksJsonAndReadsTheApisJson) {
  const nlohmann::json file = {{"jws", Sign(now_)}};
  const CliResult result = VerifyText(file.dump(2), {"--output", "json", "--serial", "SN-1"});
  EXPECT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out, nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["valid"], true);
  EXPECT_EQ(json["payload"]["sub"], "D-1042");
}

TEST_F(CliVerifyTest, RefusesAChangedPayload) {
  const std::string jws = Sign(now_);
  payload_["serial_number"] = "SN-2";
  const size_t first = jws.find('.');
  const std::string changed = jws.substr(0, first + 1) +
                              crypto::Base64UrlEncode(AsBytes(payload_.dump())) +
                              jws.substr(jws.find('.', first + 1));
  const CliResult result = VerifyText(changed);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("bad signature"));
}

TEST_F(CliVerifyTest, RefusesAnotherCa) {
  const std::string jws = Sign(now_);
  seal_ca_ = ca_file_;
  const CliResult result = VerifyText(jws);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("signer untrusted"));
}

TEST_F(CliVerifyTest, RefusesAnotherKindOfSignedText) {
  const CliResult result = VerifyText(Sign(now_, "JWT"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("wrong type"));
}

TEST_F(CliVerifyTest, AcceptsAServiceRecordAndSaysThatItIsOne) {
  payload_["added_since_seal"] = {
      {{"id", "vpn"}, {"name", "VPN"}, {"origin", "group office"}, {"state", "SUCCEEDED"}}};
  const CliResult result = VerifyText(Sign(now_, crypto::kServiceRecordType));
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("service record\n"));
  EXPECT_THAT(result.out, HasSubstr("vpn   SUCCEEDED  VPN\n"));
  EXPECT_THAT(VerifyText(Sign(now_)).out, HasSubstr("birth certificate\n"));
}

TEST_F(CliVerifyTest, RefusesAnotherSerialWhenOneIsExpected) {
  const CliResult result = VerifyText(Sign(now_), {"--serial", "SN-9"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("it is for SN-1, not SN-9"));
}

TEST_F(CliVerifyTest, JudgesAnExpiredSignerAsOfTheSealOnlyWhenAsked) {
  const WallTime then = now_ - 24 * kHour;
  payload_["iat"] = Seconds(then);
  const std::string jws = Sign(then);
  const CliResult now = VerifyText(jws);
  EXPECT_EQ(now.code, 1);
  EXPECT_THAT(now.out, HasSubstr("signer expired"));
  const CliResult as_of_then = VerifyText(jws, {"--at-signing-time"});
  EXPECT_EQ(as_of_then.code, 0) << as_of_then.out;
  EXPECT_THAT(as_of_then.out, HasSubstr("as of the time it says it was sealed"));
}

TEST_F(CliVerifyTest, RefusesOneFromTheFuture) {
  payload_["iat"] = Seconds(now_ + 48 * kHour);
  const CliResult result = VerifyText(Sign(now_));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("from the future"));
}

TEST_F(CliVerifyTest, GarbageIsRefusedAndAMissingFileIsNoAnswer) {
  const std::string jws = Sign(now_);
  EXPECT_EQ(VerifyText("not a certificate").code, 1);
  EXPECT_EQ(VerifyText(jws.substr(0, jws.size() - 4)).code, 1);
  EXPECT_EQ(VerifyText("").code, 2);
  EXPECT_EQ(VerifyText("{\"other\": 1}").code, 2);
  EXPECT_EQ(Run({"verify", dir_.File("none"), "--ca", seal_ca_}).code, 2);
  EXPECT_EQ(Run({"verify", "-"}, jws).code, 2);
}

}  // namespace
}  // namespace preseal::server::cli
