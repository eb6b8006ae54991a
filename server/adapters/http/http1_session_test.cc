// SPDX-License-Identifier: Apache-2.0
// The session driven in memory, without sockets.
#include "server/adapters/http/http1_session.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

namespace preseal::server::http {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kGet[] = "GET /1 HTTP/1.1\r\nhost: x\r\n\r\n";

class FakeLink final : public Link {
 public:
  void Post(std::function<void()> work) override { work(); }
  void Wake() override {}
  const std::string& peer() const override { return peer_; }

 private:
  const std::string peer_ = "192.0.2.1";
};

class Http1SessionTest : public testing::Test {
 protected:
  Http1SessionTest() {
    context_.budget = std::make_shared<BodyBudget>(context_.limits.body_bytes_in_flight);
    context_.handler = [this](Request request, std::shared_ptr<Responder> out) {
      paths_.push_back(request.path);
      out_ = std::move(out);
    };
    session_ = MakeHttp1Session(link_, context_);
  }
  void Receive(std::string_view bytes) {
    session_->Receive(bytes);
    session_->Advance();
  }
  std::string Output(size_t bytes_max = 1 << 20) {
    std::string out;
    session_->TakeOutput(&out, bytes_max);
    session_->Advance();
    return out;
  }

  SessionContext context_;
  std::vector<std::string> paths_;
  std::shared_ptr<Responder> out_;
  std::shared_ptr<FakeLink> link_ = std::make_shared<FakeLink>();
  std::unique_ptr<Session> session_;
};

TEST_F(Http1SessionTest, HandsOverPipelinedRequestsOneAfterTheOther) {
  Receive(std::string(kGet) + "GET /2 HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_THAT(paths_, ElementsAre("/1"));
  Respond(*out_, 200, {}, "one");
  session_->Advance();
  EXPECT_THAT(paths_, ElementsAre("/1", "/2"));
  EXPECT_THAT(Output(), EndsWith("\r\n\r\none"));
}

TEST_F(Http1SessionTest, StopsReadingFarAheadOfARunningRequest) {
  Receive(kGet);
  EXPECT_TRUE(session_->wants_input());
  Receive(std::string(kHttpPipelineBytesMax, 'G'));
  EXPECT_FALSE(session_->wants_input());
}

TEST_F(Http1SessionTest, TellsProducerOnceWhenTheQueueHasDrained) {
  Receive(kGet);
  out_->Head(200, {});
  out_->Data(Chunk::Owned(std::string(kHttpQueueHighWater, 'x')));
  int drained = 0;
  out_->OnDrain([&drained] { ++drained; });
  Output(kHttpQueueHighWater - kHttpQueueLowWater);
  EXPECT_EQ(drained, 0);
  Output(kHttpQueueLowWater);
  Output();
  EXPECT_EQ(drained, 1);
  EXPECT_EQ(out_->queued(), 0u);
}

TEST_F(Http1SessionTest, TellsProducerOnceThatThePeerIsGone) {
  Receive(kGet);
  int closed = 0;
  out_->OnClose([&closed] { ++closed; });
  session_->Lost();
  session_->Lost();
  EXPECT_EQ(closed, 1);
  out_->Head(200, {});  // no-ops from here on
  out_->Data(Chunk::Owned("x"));
  out_->End();
  EXPECT_THAT(Output(), IsEmpty());
}

TEST_F(Http1SessionTest, NeverTellsOfCloseAfterEnd) {
  Receive(kGet);
  int closed = 0;
  out_->OnClose([&closed] { ++closed; });
  Respond(*out_, 200, {}, "");
  session_->Lost();
  EXPECT_EQ(closed, 0);
}

TEST_F(Http1SessionTest, DrainLetsTheRunningRequestFinishAndTakesNoOther) {
  Receive(std::string(kGet) + kGet);
  session_->Drain();
  EXPECT_FALSE(session_->finished());
  Respond(*out_, 200, {}, "last");
  session_->Advance();
  EXPECT_TRUE(session_->finished());
  EXPECT_THAT(paths_, SizeIs(1));
  EXPECT_THAT(Output(), testing::HasSubstr("connection: close\r\n"));
}

TEST_F(Http1SessionTest, AsksForBodyThatWaitsForContinue) {
  Receive("POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  EXPECT_EQ(Output(), "HTTP/1.1 100 Continue\r\n\r\n");
  Receive("{");
  EXPECT_THAT(Output(), IsEmpty());
  Receive("}");
  EXPECT_THAT(paths_, ElementsAre("/"));
}

TEST_F(Http1SessionTest, RefusesAndFinishesAfterMalformedRequest) {
  Receive("nonsense\r\n\r\n");
  EXPECT_THAT(Output(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(session_->finished());
}

}  // namespace
}  // namespace preseal::server::http
