// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/http1_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace preseal::server::http {
namespace {

constexpr size_t kHeaderMax = 1024;
constexpr size_t kBodyMax = 100;
using State = Http1Parser::State;

class Http1ParserTest : public testing::Test {
 protected:
  // Feeds `text`, never more than `piece` new bytes at a time, until the parser is done with it.
  void Feed(std::string_view text, size_t piece = 1) {
    std::string input;
    while (parser_.state() != State::kComplete && parser_.state() != State::kBad) {
      if (text.empty()) return;
      input += text.substr(0, piece);
      text.remove_prefix(std::min(piece, text.size()));
      input.erase(0, parser_.Feed(input));
    }
  }

  std::shared_ptr<BodyBudget> budget_ = std::make_shared<BodyBudget>(1000);
  Http1Parser parser_{kHeaderMax, kBodyMax, budget_};
};

TEST_F(Http1ParserTest, ReadsTheSameHoweverItIsCut) {
  const std::string text =
      "POST /a/b?c=d HTTP/1.1\r\nHost: h:1\r\nX-Two: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    Feed(text, piece);
    ASSERT_EQ(parser_.state(), State::kComplete) << piece;
    const Request request = parser_.Take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/a/b");
    EXPECT_EQ(request.query, "c=d");
    EXPECT_EQ(request.host, "h:1");
    ASSERT_NE(FindHeader(request.headers, "x-two"), nullptr);
    EXPECT_EQ(*FindHeader(request.headers, "x-two"), "2");
    EXPECT_EQ(request.body, "abcde");
    EXPECT_TRUE(parser_.keep_alive());
  }
}

TEST_F(Http1ParserTest, LeavesTheNextRequestInTheInput) {
  const std::string one = "GET /1 HTTP/1.1\r\nhost: x\r\n\r\n";
  EXPECT_EQ(parser_.Feed(one + "GET /2"), one.size());
  EXPECT_EQ(parser_.Take().path, "/1");
}

TEST_F(Http1ParserTest, AcceptsLargestBodyAndRefusesOneByteMore) {
  const auto request = [](size_t size) {
    return "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'b');
  };
  Feed(request(kBodyMax), 7);
  ASSERT_EQ(parser_.state(), State::kComplete);
  EXPECT_EQ(parser_.Take().body.size(), kBodyMax);
  Feed(request(kBodyMax + 1), 7);
  ASSERT_EQ(parser_.state(), State::kBad);
  EXPECT_EQ(parser_.error_status(), 413);
}

TEST_F(Http1ParserTest, RefusesLargeHeaderBeforeItsEnd) {
  Feed("GET / HTTP/1.1\r\nhost: x\r\nx: " + std::string(kHeaderMax, 'a'), 64);
  ASSERT_EQ(parser_.state(), State::kBad);
  EXPECT_EQ(parser_.error_status(), 431);
}

TEST_F(Http1ParserTest, ReturnsTheBudgetWithTheRequest) {
  const std::string text =
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n" + std::string(100, 'b');
  for (int i = 0; i < 100; ++i) {
    Feed(text, text.size());
    ASSERT_EQ(parser_.state(), State::kComplete);
    parser_.Take();
  }
  EXPECT_TRUE(budget_->Take(1000));
}

TEST_F(Http1ParserTest, SeesThatTheClientWaitsForContinue) {
  Feed("POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-Continue\r\ncontent-length: 5\r\n\r\n", 20);
  EXPECT_EQ(parser_.state(), State::kBody);
  EXPECT_TRUE(parser_.expects_continue());
}

TEST_F(Http1ParserTest, SurvivesEveryTruncatedAndFlippedByte) {
  const std::string text =
      "POST /p HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string spoiled = text;
      spoiled[at] = static_cast<char>(spoiled[at] ^ (1 << bit));
      Http1Parser parser(kHeaderMax, kBodyMax, budget_);
      size_t used = 0;
      while (used < spoiled.size()) {
        const size_t now = parser.Feed(std::string_view(spoiled).substr(used));
        used += now;
        if (now == 0 || parser.state() == State::kComplete) break;
      }
      EXPECT_LE(used, spoiled.size());
      if (parser.state() == State::kComplete) {
        EXPECT_LE(parser.Take().body.size(), kBodyMax);
      }
    }
  }
}

}  // namespace
}  // namespace preseal::server::http
