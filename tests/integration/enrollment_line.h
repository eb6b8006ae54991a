// SPDX-License-Identifier: Apache-2.0
// A server's enrolment port over mTLS on loopback, with real store, authorities and verifier but a
// clock turned by hand; and hand-driven streams to it, for what no agent of ours would send.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "preseal/enrollment/v1/enrollment.grpc.pb.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/grpc/enrollment_service.h"
#include "server/app/grpc_ports.h"
#include "server/service/enrollment/admission_gate.h"
#include "server/service/service_fixture.h"
#include "server/wire/evidence_codec.h"
#include "tests/bench/software_chip.h"

namespace preseal::test {

namespace ev1 = enrollment::v1;

// One Enroll call. Sends what it is told, in any order.
class EnrollLine {
 public:
  EnrollLine(const std::shared_ptr<grpc::Channel>& channel, const crypto::Digest256& server_leaf);
  ~EnrollLine();

  // The next answer; nullopt if the server ended the call.
  std::optional<ev1::EnrollResponse> Read();
  bool Send(const ev1::EnrollRequest& request) { return stream_->Write(request); }
  grpc::StatusCode Finish();  // why the server ended the call

  // S0 was read by the constructor; empty if none came.
  const Bytes& challenge() const { return challenge_; }
  // D1 of that chip for this call's S0, and what it says to S2.
  Bytes EvidenceOf(bench::SoftwareChip& chip) const;
  bool SendEvidence(const Bytes& evidence);
  bool SendProof(const Bytes& proof);
  bool SendResume(const std::string& session_id, const Bytes& proof);
  std::string session_id() const;

  // D1 and S2. "S2", a refusal's code, or "" if the call ended.
  std::string ReachCredential(bench::SoftwareChip& chip);
  // D3 of that chip for the S2 just read.
  Bytes ProofOf(const bench::SoftwareChip& chip) const;
  // D1 to S4. A refusal's code, "ADMITTED", or "" if the call ended otherwise.
  std::string Run(bench::SoftwareChip& chip);
  // What S4 says, as Run; `certificate` gets the admission's.
  std::string Result(Bytes* certificate = nullptr);

 private:
  const crypto::Digest256 leaf_;
  std::unique_ptr<ev1::EnrollmentService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<ev1::EnrollRequest, ev1::EnrollResponse>> stream_;
  bool finished_ = false;
  Bytes challenge_;
  Bytes evidence_;
  Bytes credential_;
};

class EnrollmentLineTest : public server::ServiceTest {
 protected:
  void SetUp() override;
  void TearDown() override { PowerOff(); }

  // A server process's objects, on the store and the authorities that stay.
  void PowerOn();
  void PowerOff();
  // A device of the order, not yet seen.
  DeviceId Import(const std::string& serial);
  std::unique_ptr<EnrollLine> Line() { return std::make_unique<EnrollLine>(channel_, leaf_); }
  // A line that got as far as S2; null, and a failure, if none did. The server lets a serial number
  // enrol once at a time, and forgets the last time a moment after the call's end.
  std::unique_ptr<EnrollLine> LineAtCredential(bench::SoftwareChip& chip);
  // Runs a whole pass; EnrollLine::Run.
  std::string Enrol(bench::SoftwareChip& chip);
  std::unique_ptr<server::EnrollmentPass> Pass();
  size_t CertificatesOf(const DeviceId& id);

  bench::ChipMaker maker_;
  server::AttestationPolicy policy_;
  crypto::Digest256 leaf_{};

 private:
  std::optional<server::FixedTrust> trust_;
  server::ProtoEvidenceDecoder decoder_;
  std::unique_ptr<server::CaStore> ca_;
  std::optional<server::RecordDesk> desk_;
  std::optional<server::EvidenceOffice> office_;
  std::optional<server::AdmissionGate> gate_;

 protected:
  std::optional<server::Enrollment> enrollment_;

 private:
  std::unique_ptr<server::Workers> workers_;
  std::unique_ptr<server::EnrollmentService> service_;
  server::BuiltPort port_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace preseal::test
