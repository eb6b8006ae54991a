// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frames no ordinary client sends (RFC 9113 section "Frame Definitions").
#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "preseal/fleet/v1/fleet.pb.h"
#include "server/adapters/http/envelope.h"
#include "server/adapters/http/web_fixture.h"

namespace preseal::server::http {
namespace {

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kResetStream = 3;
constexpr char kSettings = 4;
constexpr char kGoAway = 7;
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;

std::string BigEndian(uint32_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text.push_back(static_cast<char>(number >> shift & 0xff));
  }
  return text;
}

std::string FrameOf(char type, char flags, uint32_t stream, std::string_view payload) {
  return BigEndian(static_cast<uint32_t>(payload.size()), 3) + type + flags + BigEndian(stream, 4) +
         std::string(payload);
}

// HPACK "literal header field without indexing", new name, no Huffman coding.
std::string Field(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + std::string(name) +
         static_cast<char>(value.size()) + std::string(value);
}

std::string RequestHeaders(std::string_view method, std::string_view path) {
  return Field(":method", method) + Field(":scheme", "https") + Field(":path", path) +
         Field(":authority", "x") + Field("content-type", "application/connect+proto");
}

std::string Settings(uint32_t initial_window) {
  constexpr uint32_t kInitialWindowSize = 4;
  return FrameOf(kSettings, 0, 0, BigEndian(kInitialWindowSize, 2) + BigEndian(initial_window, 4));
}

struct Received {
  char type;
  uint32_t stream;
  std::string payload;
};

std::vector<Received> Split(std::string_view bytes) {
  std::vector<Received> frames;
  const auto number = [&bytes](size_t at, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  while (bytes.size() >= 9 && bytes.size() >= 9 + number(0, 3)) {
    frames.push_back({bytes[3], number(5, 4), std::string(bytes.substr(9, number(0, 3)))});
    bytes.remove_prefix(9 + number(0, 3));
  }
  return frames;
}

bool Contains(const std::string& bytes, char type, uint32_t stream) {
  for (const Received& frame : Split(bytes)) {
    if (frame.type == type && frame.stream == stream) return true;
  }
  return false;
}

std::string WatchCall(const std::string& what, uint32_t stream) {
  preseal::fleet::v1::WatchDevicesRequest request;
  request.set_batch(what);
  return FrameOf(kHeaders, kEndHeaders, stream, RequestHeaders("POST", WebFixture::kWatch)) +
         FrameOf(kData, kEndStream, stream, MakeEnvelope(0, request.SerializeAsString()));
}

class Http2SessionTest : public WebFixture {};

TEST_F(Http2SessionTest, StalledStreamStopsProducerAndIsReset) {
  options_.limits.stall_timeout = std::chrono::milliseconds(300);
  Start();
  RawClient client(web_->port(), "h2");
  client.Send(kPreface + Settings(0) + WatchCall("flood", 1));
  const std::string bytes =
      client.ReceiveUntil([](const std::string& text) { return Contains(text, kResetStream, 1); });
  EXPECT_TRUE(Contains(bytes, kResetStream, 1));
  EXPECT_TRUE(observed_.WaitForCancelled());
  EXPECT_LT(observed_.messages_written() * kFloodMessageBytes, 1024u * 1024);
}

TEST_F(Http2SessionTest, StalledStreamLeavesOthersAlone) {
  Start();
  RawClient client(web_->port(), "h2");
  client.Send(kPreface + Settings(0) + WatchCall("flood", 1));
  ASSERT_TRUE(observed_.WaitForWritten(2));
  client.Send(FrameOf(kHeaders, kEndHeaders | kEndStream, 3, RequestHeaders("HEAD", "/healthz")));
  const std::string bytes =
      client.ReceiveUntil([](const std::string& text) { return Contains(text, kHeaders, 3); });
  EXPECT_TRUE(Contains(bytes, kHeaders, 3));
}

TEST_F(Http2SessionTest, ResetOfOneStreamCancelsItsHandlerOnly) {
  Start();
  RawClient client(web_->port(), "h2");
  client.Send(kPreface + Settings(65535) + WatchCall("hang", 1) + WatchCall("hang", 3));
  ASSERT_TRUE(observed_.WaitForWritten(2));
  constexpr uint32_t kCancel = 8;
  client.Send(FrameOf(kResetStream, 0, 1, BigEndian(kCancel, 4)));
  EXPECT_TRUE(observed_.WaitForCancelled(1));
  client.Send(WatchCall("count", 5));
  const std::string bytes =
      client.ReceiveUntil([](const std::string& text) { return Contains(text, kData, 5); });
  EXPECT_TRUE(Contains(bytes, kData, 5));
  EXPECT_FALSE(Contains(bytes, kResetStream, 3));
}

TEST_F(Http2SessionTest, RapidResetEndsTheConnection) {
  Start();
  RawClient client(web_->port(), "h2");
  std::string attack = kPreface + Settings(65535);
  constexpr uint32_t kCancel = 8;
  for (uint32_t stream = 1; stream < 4000; stream += 2) {
    attack += WatchCall("hang", stream) + FrameOf(kResetStream, 0, stream, BigEndian(kCancel, 4));
  }
  client.Send(attack);
  EXPECT_TRUE(Contains(client.ReceiveAll(), kGoAway, 0));
}

TEST_F(Http2SessionTest, EndsConnectionWithoutPreface) {
  options_.limits.header_timeout = std::chrono::milliseconds(200);
  Start();
  RawClient client(web_->port(), "h2");
  EXPECT_TRUE(Contains(client.ReceiveAll(), kGoAway, 0));
}

TEST_F(Http2SessionTest, EndsIdleConnectionPolitely) {
  options_.limits.idle_timeout = std::chrono::milliseconds(200);
  Start();
  RawClient client(web_->port(), "h2");
  client.Send(kPreface + Settings(65535));
  EXPECT_TRUE(Contains(client.ReceiveAll(), kGoAway, 0));
}

TEST_F(Http2SessionTest, ResetsStreamWhoseBodyNeverComes) {
  options_.limits.idle_timeout = std::chrono::milliseconds(200);
  Start();
  RawClient client(web_->port(), "h2");
  client.Send(kPreface + Settings(65535) +
              FrameOf(kHeaders, kEndHeaders, 1, RequestHeaders("POST", WebFixture::kWatch)));
  EXPECT_TRUE(Contains(client.ReceiveAll(), kResetStream, 1));
}

TEST_F(Http2SessionTest, EveryStreamGetsItsOwnAnswer) {
  Start();
  // curl fills "#1" from the range in the URL; the fixture's own output file takes the first URL.
  const std::string first = "https://localhost:" + std::to_string(web_->port()) + "/healthz";
  const std::string range = "?encoding=json&message=%7B%22name%22%3A%22D-[1-300]%22%7D";
  const Answer answer =
      Curl({"--http2", "--parallel", "--parallel-immediate", first, "-o", dir_.File("answer-#1")},
           kGetDevice + range);
  ASSERT_EQ(answer.exit_code, 0);
  for (int i = 1; i <= 300; ++i) {
    EXPECT_EQ(FileText("answer-" + std::to_string(i)),
              "{\"name\":\"D-" + std::to_string(i) + "\"}");
  }
}

}  // namespace
}  // namespace preseal::server::http
