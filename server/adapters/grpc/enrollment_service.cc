// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/enrollment_service.h"

#include <fmt/format.h>
#include <grpcpp/alarm.h>

#include <memory>
#include <mutex>
#include <utility>

#include "common/base/limits.h"
#include "common/grpcutil/status.h"
#include "common/log/log.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/enrollment_views.h"
#include "server/wire/evidence_codec.h"

namespace preseal::server {
namespace {

namespace ev1 = enrollment::v1;
using Reactor = grpc::ServerBidiReactor<ev1::EnrollRequest, ev1::EnrollResponse>;

// One Enroll call. Strictly in turns: one write, one read, work on a worker, and so on; a timer
// ends a pass whose device says nothing.
class EnrollStream final : public Reactor {
 public:
  static Reactor* Start(StatusOr<std::unique_ptr<EnrollmentPass>> pass, Workers& workers) {
    auto stream = std::shared_ptr<EnrollStream>(new EnrollStream(workers));
    stream->self_ = stream;
    if (!pass.ok()) {
      stream->End(pass.status());
    } else {
      stream->pass_ = *std::move(pass);
      stream->SendChallenge();
    }
    return stream.get();
  }

 private:
  enum class Awaiting { kEvidence, kProof, kNothing };

  explicit EnrollStream(Workers& workers) : workers_(workers) {}

  void SendChallenge() {
    alarm_.Set(std::chrono::system_clock::now() + kEnrollmentSessionMax,
               [weak = std::weak_ptr(self_)](bool fired) {
                 const auto stream = weak.lock();
                 if (fired && stream) {
                   stream->End(DeadlineExceeded("the enrolment took too long, start again"));
                 }
               });
    challenge_ = EncodeChallenge(pass_->challenge());
    outgoing_.set_challenge(challenge_);
    awaiting_ = Awaiting::kEvidence;
    Write();
  }

  void Write() {
    const std::lock_guard lock(mutex_);
    if (!ended_) StartWrite(&outgoing_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(Cancelled("the device is gone"));
    if (awaiting_ == Awaiting::kNothing) return End(OkStatus());
    const std::lock_guard lock(mutex_);
    if (!ended_) StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return End(Cancelled("the device ended the enrolment"));
    const bool evidence = incoming_.message_case() == ev1::EnrollRequest::kEvidence;
    const bool proof = incoming_.message_case() == ev1::EnrollRequest::kProof;
    const bool resume = incoming_.message_case() == ev1::EnrollRequest::kResume;
    const bool expected = awaiting_ == Awaiting::kEvidence ? evidence || resume : proof;
    if (!expected) return End(InvalidArgument("enrolment message out of order"));
    const bool taken = workers_.Post([stream = self_] { stream->Work(); });
    if (!taken) End(Unavailable("the server is busy or draining"));
  }

  void Work() {
    const Status status = Answer();
    if (!status.ok()) {
      log::Warning("enrolment broke off", {{"error", ToString(status)}});
      return End(status);
    }
    Write();
  }

  Status Answer() {
    if (awaiting_ == Awaiting::kProof) {
      return AnswerWith(pass_->OnProof(AsBytes(credential_), AsBytes(incoming_.proof())));
    }
    if (incoming_.has_resume()) {
      return AnswerWith(pass_->OnResume(AsBytes(incoming_.resume().session_id()),
                                        AsBytes(incoming_.resume().proof())));
    }
    return AnswerEvidence();
  }

  Status AnswerEvidence() {
    ASSIGN_OR_RETURN(const auto answer,
                     pass_->OnEvidence(AsBytes(challenge_), AsBytes(incoming_.evidence())));
    if (const auto* refusal = std::get_if<RefusalFacts>(&answer)) {
      ToProto(*refusal, outgoing_.mutable_result()->mutable_refusal());
      awaiting_ = Awaiting::kNothing;
      return OkStatus();
    }
    credential_ = EncodeCredential(std::get<CredentialFacts>(answer));
    outgoing_.set_credential(credential_);
    awaiting_ = Awaiting::kProof;
    return OkStatus();
  }

  Status AnswerWith(const StatusOr<EnrollmentAnswer>& answer) {
    RETURN_IF_ERROR(answer.status());
    awaiting_ = Awaiting::kNothing;
    if (const auto* refusal = std::get_if<RefusalFacts>(&*answer)) {
      ToProto(*refusal, outgoing_.mutable_result()->mutable_refusal());
    } else {
      ToProto(std::get<AdmissionFacts>(*answer), outgoing_.mutable_result()->mutable_admission());
    }
    return OkStatus();
  }

  void OnCancel() override { End(Cancelled("the device is gone")); }

  void End(const Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(ended_, true)) return;
    }
    Finish(grpcutil::ToGrpc(status));
  }

  void OnDone() override {
    alarm_.Cancel();
    const auto last = std::move(self_);
  }

  Workers& workers_;
  std::shared_ptr<EnrollStream> self_;
  std::unique_ptr<EnrollmentPass> pass_;
  grpc::Alarm alarm_;
  Awaiting awaiting_ = Awaiting::kNothing;  // touched by one turn at a time
  std::string challenge_;
  std::string credential_;
  ev1::EnrollRequest incoming_;
  ev1::EnrollResponse outgoing_;
  std::mutex mutex_;
  bool ended_ = false;
};

}  // namespace

Reactor* EnrollmentService::Enroll(grpc::CallbackServerContext* context) {
  auto station = StationOf(*context);
  if (!station.ok()) return EnrollStream::Start(station.status(), workers_);
  return EnrollStream::Start(
      enrollment_.Begin(*std::move(station), context->peer(), server_leaf_()), workers_);
}

}  // namespace preseal::server
