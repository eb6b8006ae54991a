// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/web_server.h"

#include <gmock/gmock.h>

#include <fstream>
#include <string>
#include <utility>

#include "common/base/bytes.h"
#include "common/crypto/digest.h"
#include "server/adapters/http/web_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::server::http {
namespace {

using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kScript(5000, 'j');
const EmbeddedFile kFiles[] = {{"index.html", "<html>app</html>", "aa"},
                               {"assets/app-1.js", kScript, "bb"},
                               {"favicon.svg", "<svg/>", "cc"}};

class WebServerTest : public WebFixture {
 protected:
  WebServerTest() { options_.assets = kFiles; }
  std::string HangingCall() const {
    std::string body = std::string("\0\0\0\0\x10", 5) + R"({"batch":"hang"})";
    return std::string("POST ") + kWatch +
           " HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\ncontent-length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
};

TEST_F(WebServerTest, ServesIndexUncachedWithSecurityHeaders) {
  Start();
  const Answer answer = Curl({}, "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "<html>app</html>");
  EXPECT_THAT(HeaderValues(answer.headers, "content-type"),
              ElementsAre("text/html; charset=utf-8"));
  EXPECT_THAT(HeaderValues(answer.headers, "cache-control"), ElementsAre("no-cache"));
  EXPECT_THAT(HeaderValues(answer.headers, "content-security-policy"),
              ElementsAre(HasSubstr("default-src 'none'; script-src 'self';")));
  EXPECT_THAT(HeaderValues(answer.headers, "x-content-type-options"), ElementsAre("nosniff"));
  EXPECT_THAT(HeaderValues(answer.headers, "referrer-policy"), ElementsAre("no-referrer"));
  EXPECT_THAT(HeaderValues(answer.headers, "date"), SizeIs(1));
}

TEST_F(WebServerTest, KeepsHstsOffOnLoopback) {
  Start();
  EXPECT_THAT(HeaderValues(Curl({}, "/").headers, "strict-transport-security"), IsEmpty());
}

TEST_F(WebServerTest, ServesHashedAssetForEver) {
  Start();
  const Answer answer = Curl({}, "/assets/app-1.js");
  EXPECT_EQ(answer.body, kScript);
  EXPECT_THAT(HeaderValues(answer.headers, "cache-control"), ElementsAre(HasSubstr("immutable")));
  EXPECT_THAT(HeaderValues(answer.headers, "content-type"),
              ElementsAre("text/javascript; charset=utf-8"));
}

TEST_F(WebServerTest, CompressesWhereAccepted) {
  Start();
  const Answer packed = Curl({"--compressed"}, "/assets/app-1.js");
  EXPECT_EQ(packed.body, kScript);
  EXPECT_THAT(HeaderValues(packed.headers, "content-encoding"), ElementsAre("gzip"));
  EXPECT_THAT(HeaderValues(packed.headers, "etag"), ElementsAre("\"bb-gzip\""));
  const Answer plain = Curl({"-H", "accept-encoding: gzip;q=0"}, "/assets/app-1.js");
  EXPECT_THAT(HeaderValues(plain.headers, "content-encoding"), IsEmpty());
}

TEST_F(WebServerTest, AnswersKnownEtagWithout) {
  Start();
  const Answer same = Curl({"-H", "if-none-match: \"zz\", \"aa\""}, "/");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(Curl({"-H", "if-none-match: \"zz\""}, "/").status, 200);
}

TEST_F(WebServerTest, TakesPathsWithoutDotForPagesOfTheApplication) {
  Start();
  EXPECT_EQ(Curl({}, "/devices/D-1042").body, "<html>app</html>");
  EXPECT_EQ(Curl({}, "/assets/gone.js").status, 404);
  EXPECT_EQ(Curl({"--path-as-is"}, "/../etc/passwd.txt").status, 404);
}

TEST_F(WebServerTest, AnswersHeadWithoutBody) {
  Start();
  for (const char* version : {"--http1.1", "--http2"}) {
    const Answer answer = Curl({"--head", version}, "/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(HeaderValues(answer.headers, "content-length"), ElementsAre("16"));
  }
}

TEST_F(WebServerTest, SaysThatBuildHasNoDashboard) {
  options_.assets = {};
  Start();
  const Answer answer = Curl({}, "/");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "this build carries no dashboard\n");
}

TEST_F(WebServerTest, EmbeddedDashboardIsWholeAndServesWhatItsPageNames) {
  if (DashboardFiles().empty()) GTEST_SKIP() << "server/dashboard/dist is empty: not built";
  for (const EmbeddedFile& file : DashboardFiles()) {
    EXPECT_EQ(file.sha256_hex, ToHex(crypto::Sha256(AsBytes(file.content)))) << file.path;
  }
  options_.assets = DashboardFiles();
  Start();
  const std::string page = Curl({}, "/").body;
  int references = 0;
  for (const std::string attribute : {"src=\"/", "href=\"/"}) {
    for (size_t at = 0; (at = page.find(attribute, at)) != std::string::npos; ++references) {
      const size_t begin = (at += attribute.size()) - 1;  // with the '/'
      const std::string path = page.substr(begin, page.find('"', begin) - begin);
      EXPECT_EQ(Curl({}, path).status, 200) << path;
    }
  }
  EXPECT_GT(references, 0) << page;
}

TEST_F(WebServerTest, RefusesOtherMethods) {
  Start();
  for (const char* method : {"OPTIONS", "PUT", "DELETE", "TRACE"}) {
    EXPECT_EQ(Curl({"-X", method}, kWhoAmI).status, 405) << method;
  }
}

TEST_F(WebServerTest, HealthFollowsTheCallback) {
  Start();
  EXPECT_EQ(Curl({}, "/healthz").body, "ok\n");
  healthy_ = false;
  const Answer answer = Curl({}, "/healthz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "draining\n");
}

TEST_F(WebServerTest, RefusesUnknownService) {
  options_.services.push_back("preseal.nowhere.v1.NoService");
  EXPECT_THAT(WebServer::Start(options_),
              test::StatusIs(StatusCode::kInvalidArgument, "NoService"));
}

TEST_F(WebServerTest, NamesThePortItCannotBind) {
  Start();
  options_.port = web_->port();
  options_.address = "127.0.0.1";
  EXPECT_THAT(WebServer::Start(options_),
              test::StatusIs(StatusCode::kFailedPrecondition, std::to_string(web_->port())));
}

TEST_F(WebServerTest, RefusesAddressThatIsNone) {
  options_.address = "localhost";
  EXPECT_THAT(WebServer::Start(options_), test::StatusIs(StatusCode::kInvalidArgument));
}

class CertificateTest : public WebServerTest {
 protected:
  CertificateTest() {
    auto other = test::TestPki::Create();
    if (!other.ok()) std::abort();
    other_ = std::move(*other);
    std::ofstream(dir_.File("other.pem")) << other_->ca().pem();
    Start();
  }
  bool ShowsOldCertificate() { return Curl({}, "/healthz").status == 200; }
  bool ShowsNewCertificate() {
    return Curl({"--cacert", dir_.File("other.pem")}, "/healthz").status == 200;
  }
  std::unique_ptr<test::TestPki> other_;
};

TEST_F(CertificateTest, ShowsReloadedCertificateToNewConnections) {
  ASSERT_TRUE(ShowsOldCertificate());
  ASSERT_OK(web_->ReloadCertificate(other_->server().pem(), other_->server().key_pem()));
  EXPECT_TRUE(ShowsNewCertificate());
  EXPECT_FALSE(ShowsOldCertificate());
}

TEST_F(CertificateTest, KeepsOldCertificateWhenNewOneIsBad) {
  const std::string certificate = other_->server().pem();
  const std::string key = other_->server().key_pem();
  const std::pair<std::string, std::string> bad[] = {
      {"", key},
      {certificate, ""},
      {certificate.substr(0, certificate.size() / 2), key},
      {certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key},
      {certificate, pki_->server().key_pem()},
  };
  for (const auto& [chain, private_key] : bad) {
    EXPECT_THAT(web_->ReloadCertificate(chain, private_key),
                test::StatusIs(StatusCode::kInvalidArgument));
    EXPECT_TRUE(ShowsOldCertificate());
  }
}

TEST_F(WebServerTest, DrainedStreamGetsItsEndFromTheServicesShutdown) {
  Start();
  RawClient client(web_->port(), "http/1.1");
  client.Send(HangingCall());
  ASSERT_TRUE(observed_.WaitForWritten(1));
  web_->Drain();
  grpc_server_->Shutdown(std::chrono::system_clock::now());
  web_->Shutdown(steady_clock::now() + std::chrono::seconds(10));
  const std::string text = client.ReceiveAll();
  EXPECT_THAT(text, HasSubstr("\"error\""));
  EXPECT_TRUE(text.ends_with("\r\n0\r\n\r\n"));
}

TEST_F(WebServerTest, ShutdownBreaksWhatOutlivesTheDeadline) {
  Start();
  RawClient client(web_->port(), "http/1.1");
  client.Send(HangingCall());
  ASSERT_TRUE(observed_.WaitForWritten(1));
  web_->Shutdown(steady_clock::now() + std::chrono::milliseconds(100));
  EXPECT_TRUE(observed_.WaitForCancelled());
  EXPECT_FALSE(client.ReceiveAll().ends_with("\r\n0\r\n\r\n"));
}

TEST_F(WebServerTest, DrainClosesIdleConnectionsAndRefusesNewOnes) {
  Start();
  RawClient h1(web_->port(), "http/1.1");
  RawClient h2(web_->port(), "h2");
  ASSERT_TRUE(h1.connected() && h2.connected());
  web_->Shutdown(steady_clock::now() + std::chrono::seconds(10));
  h1.ReceiveAll();
  h2.ReceiveAll();
  EXPECT_FALSE(RawClient(web_->port(), "h2").connected());
}

}  // namespace
}  // namespace preseal::server::http
