// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/crypto/digest.h"
#include "preseal/enrollment/v1/enrollment.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/enrollment/enrollment.h"

namespace preseal::server {

// preseal.enrollment.v1.EnrollmentService; what it does is said in the proto. Thread-safe.
class EnrollmentService final : public enrollment::v1::EnrollmentService::CallbackService {
 public:
  // `server_leaf` gives the SHA-256 of the enrolment port's TLS leaf certificate (DER).
  EnrollmentService(Enrollment& enrollment, Workers& workers,
                    std::function<crypto::Digest256()> server_leaf)
      : enrollment_(enrollment), workers_(workers), server_leaf_(std::move(server_leaf)) {}

  grpc::ServerBidiReactor<enrollment::v1::EnrollRequest, enrollment::v1::EnrollResponse>* Enroll(
      grpc::CallbackServerContext* context) override;

 private:
  Enrollment& enrollment_;
  Workers& workers_;
  const std::function<crypto::Digest256()> server_leaf_;
};

}  // namespace preseal::server
