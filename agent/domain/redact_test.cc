// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/redact.h"

#include <gtest/gtest.h>

namespace preseal::agent {
namespace {

constexpr char kCanary[] = "canary-7f3a";

std::string Clean(std::string_view text, std::vector<std::string> secrets = {}) {
  return Redactor(std::move(secrets)).Clean(text);
}

TEST(RedactTest, LeavesWhatIsNoSecret) {
  const std::string text =
      "Setting up office (1.2) ...\n-----BEGIN CERTIFICATE-----\nMIIB\n"
      "-----END CERTIFICATE-----\nno passwords were changed\n\nend";
  EXPECT_EQ(Clean(text), text);
}

TEST(RedactTest, RemovesPrivateKeysAlsoWhenTheirEndIsMissing) {
  EXPECT_EQ(Clean("a\n-----BEGIN EC PRIVATE KEY-----\nMHcanary\n-----END EC PRIVATE KEY-----\nb"),
            "a\n[removed]\nb");
  EXPECT_EQ(Clean("a\n-----BEGIN PRIVATE KEY-----\nMHcanary"), "a\n[removed]");
  EXPECT_EQ(Clean("{\"k\":\"-----BEGIN PRIVATE KEY-----\\nMH\\n-----END PRIVATE KEY-----\\n\"}"),
            "{\"k\":\"[removed]\\n\"}");
}

TEST(RedactTest, RemovesTheKeyBehindOneThatHasNoEnd) {
  EXPECT_EQ(Clean("-----BEGIN PRIVATE KEY-----\ncut\n-----BEGIN CERTIFICATE-----\nMIIB\n"
                  "-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\ncanary\n"
                  "-----END PRIVATE KEY-----\nafter"),
            "[removed]\nafter");
  EXPECT_EQ(Clean("-----BEGIN PGP PRIVATE KEY BLOCK-----\ncanary\n"
                  "-----END PGP PRIVATE KEY BLOCK-----\nafter"),
            "[removed]\nafter");
}

TEST(RedactTest, RemovesAKeyThatComesInPieces) {
  const Redactor redactor({});
  bool inside = false;
  std::string clean;
  for (const char* piece : {"key: -----BEGIN RSA PRIVATE KEY-----", "MHcanary", "",
                            "-----END RSA PRIVATE KEY----- done", "next"}) {
    clean += redactor.Clean(piece, inside) + "|";
  }
  EXPECT_EQ(clean, "key: [removed]|[removed]|[removed]|[removed] done|next|");
  EXPECT_FALSE(inside);
}

TEST(RedactTest, RemovesKnownSecretsLineByLine) {
  EXPECT_EQ(Clean("first canary-1 line\nor canary-2", {"canary-1\ncanary-2\nor"}),
            "first [removed] line\nor [removed]");
}

TEST(RedactTest, RemovesKnownSecretsWhereverTheyStand) {
  EXPECT_EQ(Clean("curl https://user:canary-7f3a@host/canary-7f3a", {kCanary}),
            "curl https://user:[removed]@host/[removed]");
  EXPECT_EQ(Clean("longer-canary-7f3a", {"canary", "longer-canary-7f3a"}), "[removed]");
}

TEST(RedactTest, RemovesValuesOfFieldsThatAreSecretByName) {
  for (const char* line :
       {"password=canary-7f3a", "Password: canary-7f3a with spaces", "PSK = \"canary-7f3a\"",
        "{\"adminPassword\":\"canary-7f3a\",\"a\":1}", "export DB_PASSWORD='canary-7f3a'",
        "wpa-passphrase: canary-7f3a", "Authorization: Bearer canary-7f3a", "api_key=canary-7f3a",
        "{\"token\": \"can\\\"canary-7f3a\"}", "password_hash=canary-7f3a"}) {
    EXPECT_EQ(Clean(line).find(kCanary), std::string::npos) << line;
    EXPECT_NE(Clean(line).find(kRemoved), std::string::npos) << line;
  }
  EXPECT_EQ(Clean("{\"password\":\"canary\",\"next\":\"stays\"}"),
            "{\"password\":\"[removed]\",\"next\":\"stays\"}");
}

TEST(RedactTest, RemovesLongRunsOfBase64ButNoCertificate) {
  EXPECT_EQ(Clean("blob " + std::string(200, 'A') + " end"), "blob [removed] end");
  EXPECT_EQ(Clean(std::string(199, 'A')), std::string(199, 'A'));
}

}  // namespace
}  // namespace preseal::agent
