// SPDX-License-Identifier: Apache-2.0
// The server's side of enrolment, reduced to what an agent can observe, with the real checks of
// binding, signatures and proof. For tests of this folder.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "common/tpmwire/attest.h"
#include "preseal/enrollment/v1/enrollment.grpc.pb.h"
#include "tests/support/test_pki.h"

namespace preseal::agent {

class EnrollmentTestServer final : public enrollment::v1::EnrollmentService::Service {
 public:
  // How it departs from the protocol; one at a time, in a test.
  struct Script {
    std::function<void(enrollment::v1::Challenge*)> spoil_challenge;
    bool silent = false;             // says nothing until the client gives up
    grpc::Status instead_of_answer;  // ends the stream after the evidence
    bool refuse = false;
    bool admit_without_proof = false;
    bool credential_for_other_ak = false;
    bool certify_other_key = false;
    bool lose_result = false;    // decides, and the connection breaks before the result is out
    bool forget_passes = false;  // as after a restart without its memory: SESSION_UNKNOWN
    std::string refusal_code = "EK_CHAIN_UNTRUSTED";  // of `refuse`
  };

  // Listens on loopback for clients with a certificate of `pki`'s CA.
  static StatusOr<std::unique_ptr<EnrollmentTestServer>> Start(const test::TestPki& pki);
  ~EnrollmentTestServer() override;

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  Script& script() { return script_; }
  // Of the last pass: what it checked, why it failed if it did.
  const Status& verdict() const { return verdict_; }
  const enrollment::v1::Evidence& evidence() const { return evidence_; }
  const enrollment::v1::DeviceClaims& claims() const { return claims_; }
  // Certificates issued, and results asked for again, since the start.
  int issued() const { return issued_; }
  int resumed() const { return resumed_; }

 private:
  using Stream =
      grpc::ServerReaderWriter<enrollment::v1::EnrollResponse, enrollment::v1::EnrollRequest>;
  explicit EnrollmentTestServer(const test::TestPki& pki) : pki_(pki) {}
  grpc::Status Enroll(grpc::ServerContext* context, Stream* stream) override;
  grpc::Status Run(Stream* stream);
  std::string MakeChallenge();
  // Signatures by the AK, over exactly this session, this server and this evidence.
  Status CheckEvidence() const;
  grpc::Status Answer(const enrollment::v1::Resume& resume, Stream* stream);
  StatusOr<std::string> MakeCredential();
  StatusOr<enrollment::v1::EnrollmentResult> Admit();

  const test::TestPki& pki_;
  Script script_;
  Status verdict_;
  enrollment::v1::Challenge challenge_;
  enrollment::v1::Evidence evidence_;
  enrollment::v1::DeviceClaims claims_;
  Bytes secret_;
  // Of the last pass that was decided.
  std::string decided_session_;
  Bytes decided_proof_;
  enrollment::v1::EnrollmentResult decided_;
  int issued_ = 0;
  int resumed_ = 0;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace preseal::agent
