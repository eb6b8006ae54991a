// SPDX-License-Identifier: Apache-2.0
// What hostile or hapless clients meet, over HTTP/1.1; http2_session_test.cc has HTTP/2's own.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <string>

#include "preseal/fleet/v1/fleet.pb.h"
#include "server/adapters/http/envelope.h"
#include "server/adapters/http/web_fixture.h"

namespace preseal::server::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

std::string PostRequest(const std::string& path, const std::string& type, const std::string& body,
                        const std::string& version = "HTTP/1.1") {
  return "POST " + path + " " + version + "\r\nhost: x\r\ncontent-type: " + type +
         "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string WatchRequest(const std::string& what, uint64_t count, const std::string& version) {
  preseal::fleet::v1::WatchDevicesRequest request;
  request.set_batch(what);
  request.set_cursor(count);
  return PostRequest(WebFixture::kWatch, "application/connect+proto",
                     MakeEnvelope(0, request.SerializeAsString()), version);
}

class HttpLimitsTest : public WebFixture {
 protected:
  std::string Exchange(const std::string& bytes) {
    RawClient client(web_->port(), "http/1.1");
    client.Send(bytes);
    return client.ReceiveAll();
  }
};

TEST_F(HttpLimitsTest, RefusesOversizedHeader) {
  Start();
  const std::string header = "x-large: " + std::string(kHttpHeaderBytesMax, 'a');
  EXPECT_EQ(Curl({"--http1.1", "-H", header}, "/healthz").status, 431);
  EXPECT_EQ(Curl({"--http2", "-H", header}, "/healthz").status, 431);
}

TEST_F(HttpLimitsTest, RefusesOversizedBody) {
  options_.limits.body_bytes = 64 * 1024;
  Start();
  const std::string body(64 * 1024 + 1, 'b');
  for (const char* version : {"--http1.1", "--http2"}) {
    EXPECT_EQ(Post({version}, kGetDevice, "application/proto", body).status, 413) << version;
    EXPECT_EQ(
        Post({version, "-H", "transfer-encoding: chunked"}, kGetDevice, "application/proto", body)
            .status,
        413)
        << version;
  }
}

TEST_F(HttpLimitsTest, RefusesBodiesThatTogetherWouldFillMemory) {
  options_.limits.body_bytes_in_flight = 1000;
  Start();
  const std::string body(2000, 'b');
  for (const char* version : {"--http1.1", "--http2"}) {
    EXPECT_EQ(Post({version}, kGetDevice, "application/proto", body).status, 503) << version;
    EXPECT_EQ(Post({version}, kGetDevice, "application/proto", "").status, 200) << version;
  }
}

TEST_F(HttpLimitsTest, CarriesLargeMessagesBothWays) {
  Start();
  preseal::fleet::v1::GetDeviceRequest request;
  request.set_name(std::string(3 * 1024 * 1024, 'n'));
  for (const char* version : {"--http1.1", "--http2"}) {
    const Answer answer =
        Post({version}, kGetDevice, "application/proto", request.SerializeAsString());
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body == request.SerializeAsString()) << answer.body.size();
  }
}

TEST_F(HttpLimitsTest, LimitsRunningCalls) {
  options_.limits.calls = 1;
  Start();
  RawClient first(web_->port(), "http/1.1");
  first.Send(WatchRequest("hang", 0, "HTTP/1.1"));
  ASSERT_TRUE(observed_.WaitForWritten(1));
  EXPECT_EQ(Post({}, kWhoAmI, "application/json", "{}").status, 429);
}

TEST_F(HttpLimitsTest, LimitsConnectionsAndFreesTheirPlaces) {
  options_.limits.connections = 1;
  Start();
  auto first = std::make_unique<RawClient>(web_->port(), "http/1.1");
  ASSERT_TRUE(first->connected());
  EXPECT_FALSE(RawClient(web_->port(), "http/1.1").connected());
  first.reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool admitted = false;
  while (!admitted && std::chrono::steady_clock::now() < deadline) {
    admitted = RawClient(web_->port(), "http/1.1").connected();
  }
  EXPECT_TRUE(admitted);
}

TEST_F(HttpLimitsTest, EndsSlowHeader) {
  options_.limits.header_timeout = milliseconds(200);
  Start();
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nhost: "), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpLimitsTest, EndsConnectionThatAsksNothing) {
  options_.limits.header_timeout = milliseconds(200);
  Start();
  EXPECT_EQ(Exchange(""), "");
}

TEST_F(HttpLimitsTest, EndsSlowBody) {
  options_.limits.idle_timeout = milliseconds(200);
  Start();
  std::string request = PostRequest(kWhoAmI, "application/json", "{}");
  request.pop_back();
  EXPECT_THAT(Exchange(request), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpLimitsTest, EndsIdleConnectionAfterAnswer) {
  options_.limits.idle_timeout = milliseconds(200);
  Start();
  const std::string text = Exchange("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_TRUE(text.ends_with("ok\n")) << text;
}

TEST_F(HttpLimitsTest, EndsClientThatNeverSpeaksTls) {
  options_.limits.header_timeout = milliseconds(200);
  Start();
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(web_->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  char byte;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), 0);
  ::close(fd);
}

TEST_F(HttpLimitsTest, RefusesAmbiguousRequests) {
  Start();
  for (const char* request : {
           "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET https://x/ HTTP/1.1\r\nhost: x\r\n\r\n",
           "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "\x16\x03\x01 nonsense\r\n\r\n",
       }) {
    EXPECT_THAT(Exchange(request), StartsWith("HTTP/1.1 400 ")) << request;
  }
}

TEST_F(HttpLimitsTest, EndsHttp10AnswerByClosing) {
  Start();
  const std::string text = Exchange("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(text.ends_with("ok\n"));
}

TEST_F(HttpLimitsTest, StalledReaderStopsProducerAndIsCut) {
  options_.limits.stall_timeout = milliseconds(300);
  Start();
  RawClient client(web_->port(), "http/1.1", 16 * 1024);
  client.Send(WatchRequest("flood", 0, "HTTP/1.1"));
  EXPECT_TRUE(observed_.WaitForCancelled());
  // The two kernels' buffers, one write and the queue; not the gigabytes 300 ms could produce.
  EXPECT_LT(observed_.messages_written() * kFloodMessageBytes, 4u * 1024 * 1024);
}

TEST_F(HttpLimitsTest, AbortedCallsLeaveNothingBehind) {
  constexpr int kCalls = 200;
  options_.limits.calls = 4;  // so that a call that does not end blocks the later ones
  Start();
  std::mt19937 random(20261122);
  for (int i = 0; i < kCalls; ++i) {
    RawClient client(web_->port(), "http/1.1");
    client.Send(WatchRequest(i % 2 == 0 ? "flood" : "hang", 0, "HTTP/1.1"));
    for (int pieces = std::uniform_int_distribution<int>(1, 20)(random); pieces > 0; --pieces) {
      if (client.Receive().empty() || i % 2 == 1) break;
    }
    ASSERT_TRUE(observed_.WaitForCancelled(i)) << i;  // all before this one
  }
  EXPECT_TRUE(observed_.WaitForCancelled(kCalls));
  EXPECT_EQ(Post({}, kWhoAmI, "application/json", "{}").status, 200);
}

TEST_F(HttpLimitsTest, SlowReaderGetsEveryMessageInOrder) {
  Start();
  constexpr int kMessages = 400;
  RawClient client(web_->port(), "http/1.1", 16 * 1024);
  client.Send(WatchRequest("large", kMessages, "HTTP/1.0"));  // body until the end, no chunks
  ASSERT_TRUE(observed_.WaitForWritten(4));
  const std::string text = client.ReceiveAll();
  std::string_view body = std::string_view(text).substr(text.find("\r\n\r\n") + 4);
  for (uint64_t cursor = 1; cursor <= kMessages; ++cursor) {
    ASSERT_GE(body.size(), 5u);
    size_t size = 0;
    for (size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(body[i]);
    preseal::fleet::v1::WatchDevicesResponse message;
    ASSERT_TRUE(message.ParseFromArray(body.data() + 5, static_cast<int>(size)));
    ASSERT_EQ(message.cursor(), cursor);
    body.remove_prefix(5 + size);
  }
  EXPECT_EQ(body, MakeEnvelope(kConnectEndStream, "{}"));
}

// A read buffer shared with the parser once sent each answer to the next request.
TEST_F(HttpLimitsTest, EveryRequestGetsItsOwnAnswer) {
  Start();
  RawClient client(web_->port(), "http/1.1");
  std::mt19937 random(20261122);
  int sent = 0;
  for (int round = 0; round < 150; ++round) {
    const int pipelined = std::uniform_int_distribution<int>(1, 4)(random);
    std::string bytes;
    std::string expected_end;
    for (int i = 0; i < pipelined; ++i) {
      const std::string id = "devices/D-" + std::to_string(++sent);
      const std::string padding(std::uniform_int_distribution<size_t>(0, 3000)(random), ' ');
      bytes += PostRequest(kGetDevice, "application/json", "{\"name\":\"" + id + "\"}" + padding);
      expected_end += "{\"name\":\"" + id + "\"}";
    }
    for (size_t at = 0; at < bytes.size();) {
      const size_t piece = std::uniform_int_distribution<size_t>(1, 900)(random);
      client.Send(std::string_view(bytes).substr(at, piece));
      at += piece;
    }
    std::string bodies;
    client.ReceiveUntil([&bodies, pipelined](const std::string& text) {
      bodies.clear();
      int answers = 0;
      for (size_t at = 0; (at = text.find("\r\n\r\n", at)) != std::string::npos;) {
        const size_t end = text.find('}', at += 4);
        if (end == std::string::npos) break;
        bodies += text.substr(at, end + 1 - at);
        ++answers;
      }
      return answers == pipelined;
    });
    ASSERT_EQ(bodies, expected_end) << "round " << round;
  }
}

}  // namespace
}  // namespace preseal::server::http
