// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "preseal/auth/v1/auth.pb.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/adapters/http/envelope.h"
#include "server/adapters/http/web_fixture.h"

namespace preseal::server::http {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kJson[] = "application/json";
constexpr char kProto[] = "application/proto";
constexpr char kConnectJson[] = "application/connect+json";
constexpr char kGrpcWeb[] = "application/grpc-web+proto";

struct Frame {
  int flags;
  std::string message;
};

// Empty if `body` is not a whole number of envelopes.
std::vector<Frame> Frames(std::string_view body) {
  std::vector<Frame> frames;
  while (body.size() >= 5) {
    size_t size = 0;
    for (size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(body[i]);
    if (body.size() < 5 + size) return {};
    frames.push_back({static_cast<unsigned char>(body[0]), std::string(body.substr(5, size))});
    body.remove_prefix(5 + size);
  }
  return body.empty() ? frames : std::vector<Frame>();
}

std::string WatchRequest(const std::string& what, uint64_t count) {
  preseal::fleet::v1::WatchDevicesRequest request;
  request.set_batch(what);
  request.set_cursor(count);
  return request.SerializeAsString();
}

json Parsed(const std::string& text) { return json::parse(text, nullptr, false); }

// Every test runs over both protocols.
class GatewayTest : public WebFixture, public testing::WithParamInterface<const char*> {
 protected:
  GatewayTest() { Start(); }
  std::vector<std::string> With(std::vector<std::string> arguments = {}) const {
    arguments.push_back(GetParam());
    return arguments;
  }
  // What the handler of WhoAmI found as metadata.
  std::vector<std::string> MetadataSeen(std::vector<std::string> arguments) {
    const Answer answer = Post(With(std::move(arguments)), kWhoAmI, kProto, "");
    preseal::auth::v1::Principal principal;
    EXPECT_TRUE(principal.ParseFromString(answer.body)) << answer.body;
    return {principal.batches().begin(), principal.batches().end()};
  }
};

INSTANTIATE_TEST_SUITE_P(Http, GatewayTest, testing::Values("--http1.1", "--http2"),
                         [](const auto& version) {
                           return version.param == std::string("--http2") ? "2" : "1";
                         });

TEST_P(GatewayTest, AnswersConnectJson) {
  const Answer answer = Post(With(), kGetDevice, kJson, R"({"name":"devices/D-1"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.http_version, GetParam() == std::string("--http2") ? "2" : "1.1");
  EXPECT_THAT(HeaderValues(answer.headers, "content-type"), ElementsAre("application/json"));
  EXPECT_EQ(Parsed(answer.body), json({{"name", "devices/D-1"}}));
}

TEST_P(GatewayTest, AnswersConnectBinary) {
  preseal::fleet::v1::GetDeviceRequest request;
  request.set_name("devices/D-2");
  const Answer answer = Post(With(), kGetDevice, kProto, request.SerializeAsString());
  preseal::fleet::v1::Device device;
  EXPECT_EQ(answer.status, 200);
  ASSERT_TRUE(device.ParseFromString(answer.body));
  EXPECT_EQ(device.name(), "devices/D-2");
}

TEST_P(GatewayTest, AnswersConnectGetForReadingMethod) {
  const Answer answer = Curl(With(), std::string(kGetDevice) +
                                         "?connect=v1&encoding=json&message=%7B%22name%22%3A%22"
                                         "devices%2FD-3%22%7D");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Parsed(answer.body), json({{"name", "devices/D-3"}}));
}

TEST_P(GatewayTest, AnswersConnectGetWithBase64Message) {
  // Field 1 = "D", base64url without padding.
  const Answer answer =
      Curl(With(), std::string(kGetDevice) + "?encoding=proto&base64=1&message=CgFE");
  preseal::fleet::v1::Device device;
  ASSERT_TRUE(device.ParseFromString(answer.body));
  EXPECT_EQ(device.name(), "D");
}

TEST_P(GatewayTest, RefusesGetForMethodWithSideEffects) {
  const Answer answer = Curl(With(), std::string(kRevoke) + "?encoding=json&message=%7B%7D");
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(HeaderValues(answer.headers, "allow"), ElementsAre("POST"));
}

TEST_P(GatewayTest, StreamsConnectEnvelopes) {
  const Answer answer =
      Post(With(), kWatch, kConnectJson, MakeEnvelope(0, R"({"batch":"count","cursor":"3"})"));
  EXPECT_EQ(answer.status, 200);
  const auto frames = Frames(answer.body);
  ASSERT_EQ(frames.size(), 4u) << answer.body;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Parsed(frames[i].message)["cursor"], std::to_string(i + 1));
  }
  EXPECT_EQ(frames[3].flags, kConnectEndStream);
  EXPECT_EQ(frames[3].message, "{}");
}

TEST_P(GatewayTest, TellsConnectStreamsErrorInLastEnvelope) {
  const Answer answer =
      Post(With(), kWatch, kConnectJson, MakeEnvelope(0, R"({"batch":"fail","cursor":"1"})"));
  EXPECT_EQ(answer.status, 200);
  const auto frames = Frames(answer.body);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(Parsed(frames[1].message)["error"],
            json({{"code", "aborted"}, {"message", "broken midway"}}));
}

TEST_P(GatewayTest, StreamsGrpcWebWithTrailers) {
  const Answer answer = Post(With(), kWatch, kGrpcWeb, MakeEnvelope(0, WatchRequest("count", 2)));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(HeaderValues(answer.headers, "content-type"), ElementsAre(kGrpcWeb));
  const auto frames = Frames(answer.body);
  ASSERT_EQ(frames.size(), 3u);
  preseal::fleet::v1::WatchDevicesResponse second;
  ASSERT_TRUE(second.ParseFromString(frames[1].message));
  EXPECT_EQ(second.cursor(), 2u);
  EXPECT_EQ(frames[2].flags, kGrpcWebTrailers);
  EXPECT_EQ(frames[2].message, "grpc-status: 0\r\n");
}

TEST_P(GatewayTest, TellsGrpcWebsErrorWithEncodedMessageAndTrailers) {
  preseal::auth::v1::RevokeApiTokenRequest request;
  request.set_name("5:no «token» 100%");
  const Answer answer =
      Post(With(), kRevoke, kGrpcWeb, MakeEnvelope(0, request.SerializeAsString()));
  EXPECT_EQ(answer.status, 200);
  const auto frames = Frames(answer.body);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_THAT(frames[0].message, HasSubstr("grpc-status: 5\r\n"));
  EXPECT_THAT(frames[0].message, HasSubstr("grpc-message: no %C2%ABtoken%C2%BB 100%25\r\n"));
  EXPECT_THAT(frames[0].message, HasSubstr("x-why: because\r\n"));
}

TEST_P(GatewayTest, MapsEveryCodeToConnectsNameAndStatus) {
  const std::vector<std::pair<std::string, int>> expected = {{"canceled", 499},
                                                             {"unknown", 500},
                                                             {"invalid_argument", 400},
                                                             {"deadline_exceeded", 504},
                                                             {"not_found", 404},
                                                             {"already_exists", 409},
                                                             {"permission_denied", 403},
                                                             {"resource_exhausted", 429},
                                                             {"failed_precondition", 400},
                                                             {"aborted", 409},
                                                             {"out_of_range", 400},
                                                             {"unimplemented", 501},
                                                             {"internal", 500},
                                                             {"unavailable", 503},
                                                             {"data_loss", 500},
                                                             {"unauthenticated", 401}};
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::string name = std::to_string(i + 1) + ":söme\\nthing";
    const Answer answer = Post(With(), kRevoke, kJson, R"({"name":")" + name + "\"}");
    EXPECT_EQ(answer.status, expected[i].second) << expected[i].first;
    EXPECT_EQ(Parsed(answer.body), json({{"code", expected[i].first}, {"message", "söme\nthing"}}));
    EXPECT_THAT(HeaderValues(answer.headers, "trailer-x-why"), ElementsAre("because"));
  }
}

TEST_P(GatewayTest, TurnsSessionCookieIntoBearer) {
  EXPECT_THAT(MetadataSeen({"-b", "other=1; __Host-preseal=s3cret_-"}),
              Contains("authorization=Bearer s3cret_-"));
}

TEST_P(GatewayTest, PrefersAuthorizationHeaderToCookie) {
  const auto metadata =
      MetadataSeen({"-b", "__Host-preseal=cookie", "-H", "authorization: Bearer header"});
  EXPECT_THAT(metadata, Contains("authorization=Bearer header"));
  EXPECT_THAT(metadata, Not(Contains("authorization=Bearer cookie")));
}

TEST_P(GatewayTest, ForwardsOnlyListedHeaders) {
  const auto metadata = MetadataSeen({"-H", "x-request-id: r-1", "-H", "traceparent: 00-1", "-H",
                                      "x-other: no", "-H", "cookie: a=b"});
  EXPECT_THAT(metadata, Contains("x-request-id=r-1"));
  EXPECT_THAT(metadata, Contains("traceparent=00-1"));
  EXPECT_THAT(metadata, Not(Contains(StartsWith("x-other"))));
  EXPECT_THAT(metadata, Not(Contains(StartsWith("cookie"))));
}

TEST_P(GatewayTest, ClientCannotForgeItsPeer) {
  const auto metadata =
      MetadataSeen({"-H", "x-preseal-other: forged", "-H", "x-preseal-peer: 6.6.6.6"});
  EXPECT_THAT(metadata, Contains("x-preseal-peer=127.0.0.1"));
  EXPECT_THAT(metadata, Not(Contains("x-preseal-other=forged")));
  EXPECT_THAT(metadata, Not(Contains("x-preseal-peer=6.6.6.6")));
}

TEST_P(GatewayTest, SetsHandlersCookiesAndNothingElse) {
  const Answer answer = Post(With(), kLogin, kJson, R"({"password":"p"})");
  EXPECT_THAT(HeaderValues(answer.headers, "set-cookie"),
              ElementsAre("__Host-preseal=abc; Secure; HttpOnly; Path=/", "second=1; Secure"));
  EXPECT_THAT(HeaderValues(answer.headers, "x-internal"), ElementsAre());
  EXPECT_EQ(Parsed(answer.body), json({{"token", "p"}}));
}

TEST_P(GatewayTest, RefusesMetadataThatGrpcCannotHold) {
  const Answer answer = Post(With({"-H", "x-request-id: \xc3\xa4"}), kWhoAmI, kJson, "{}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(Parsed(answer.body)["code"], "invalid_argument");
}

TEST_P(GatewayTest, RefusesPostFromAnotherSite) {
  for (const char* site : {"cross-site", "same-site", "none"}) {
    const Answer answer =
        Post(With({"-H", std::string("sec-fetch-site: ") + site}), kWhoAmI, kJson, "{}");
    EXPECT_EQ(answer.status, 403) << site;
    EXPECT_EQ(Parsed(answer.body)["code"], "permission_denied");
  }
}

TEST_P(GatewayTest, RefusesPostFromAnotherOrigin) {
  const Answer answer = Post(With({"-H", "origin: https://localhost:1"}), kWhoAmI, kJson, "{}");
  EXPECT_EQ(answer.status, 403);
}

TEST_P(GatewayTest, AcceptsPostFromOwnPage) {
  const std::string origin = "origin: https://localhost:" + std::to_string(web_->port());
  const Answer answer =
      Post(With({"-H", "sec-fetch-site: same-origin", "-H", origin}), kWhoAmI, kJson, "{}");
  EXPECT_EQ(answer.status, 200);
}

TEST_P(GatewayTest, RefusesTypesAFormCanSend) {
  for (const char* type : {"application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                           "text/plain", "application/grpc"}) {
    const Answer answer = Post(With(), kWhoAmI, type, "{}");
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_THAT(HeaderValues(answer.headers, "accept-post"), ElementsAre(HasSubstr(kJson)));
  }
}

TEST_P(GatewayTest, HidesServicesNotListed) {
  const Answer answer = Post(With(), "/preseal.batch.v1.BatchService/ListBatches", kJson, "{}");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(Parsed(answer.body)["code"], "not_found");
}

TEST_P(GatewayTest, RefusesJsonOthersMightReadDifferently) {
  for (const char* text : {R"({"name":"a","name":"b"})", R"({name:"a"})", R"({"name":"a",})",
                           R"({"nome":"a"})", R"({"name":"a")"}) {
    const Answer answer = Post(With(), kGetDevice, kJson, text);
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_EQ(Parsed(answer.body)["code"], "invalid_argument") << text;
  }
}

TEST_P(GatewayTest, RefusesJsonNestedTooDeep) {
  const Answer answer = Post(With(), kGetDevice, kJson, std::string(50'000, '['));
  EXPECT_EQ(answer.status, 400);
}

TEST_P(GatewayTest, RefusesTornEnvelope) {
  std::string body = MakeEnvelope(0, WatchRequest("count", 1));
  body.pop_back();
  const auto frames = Frames(Post(With(), kWatch, kGrpcWeb, body).body);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_THAT(frames[0].message, StartsWith("grpc-status: 3\r\n"));
}

TEST_P(GatewayTest, EndsCallAtClientsDeadline) {
  const Answer answer = Post(With({"-H", "connect-timeout-ms: 50"}), kLogout, kJson, "{}");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(Parsed(answer.body)["code"], "deadline_exceeded");
  EXPECT_TRUE(observed_.WaitForCancelled());
}

TEST_P(GatewayTest, RefusesMalformedDeadline) {
  EXPECT_EQ(Post(With({"-H", "connect-timeout-ms: soon"}), kWhoAmI, kJson, "{}").status, 400);
  EXPECT_EQ(Post(With({"-H", "grpc-timeout: 5x"}), kWhoAmI, kJson, "{}").status, 400);
}

TEST_P(GatewayTest, CancelsHandlerWhenClientAborts) {
  const std::string request = MakeEnvelope(0, R"({"batch":"hang"})");
  const Answer answer = Post(With({"--max-time", "0.5"}), kWatch, kConnectJson, request);
  constexpr int kCurlTimedOut = 28;
  EXPECT_EQ(answer.exit_code, kCurlTimedOut);
  EXPECT_EQ(Frames(answer.body).size(), 1u);
  EXPECT_TRUE(observed_.WaitForCancelled());
}

TEST_P(GatewayTest, RefusesCompressedRequest) {
  const Answer answer = Post(With({"-H", "content-encoding: gzip"}), kWhoAmI, kJson, "{}");
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(Parsed(answer.body)["code"], "unimplemented");
}

}  // namespace
}  // namespace preseal::server::http
