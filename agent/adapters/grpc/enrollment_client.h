// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/service/enrollment/enrollment_channel.h"
#include "common/base/limits.h"

namespace preseal::agent {

struct EnrollmentClientOptions {
  std::string endpoint;           // "floor.example:7443", as gRPC names targets
  std::string server_ca_file;     // PEM; only servers under it are trusted, the system's CAs never
  std::string station_cert_file;  // PEM, leaf first
  std::string station_key_file;   // PEM
  std::string server_name;  // expected in the server's certificate; empty: the endpoint's host
  std::chrono::seconds pass_max = kEnrollmentSessionMax;  // connect, proof and answer together
};

// EnrollmentChannel over gRPC with the station's certificate. The files are read anew for every
// pass, so a renewed station certificate is used at once. Thread-safe; each pass has a connection
// of its own, closed with it. Begin: UNAVAILABLE also when the server refuses the station's
// certificate, because TLS does not say so; errors of preseal::files for unreadable files.
class EnrollmentClient final : public EnrollmentChannel {
 public:
  explicit EnrollmentClient(EnrollmentClientOptions options) : options_(std::move(options)) {}
  StatusOr<std::unique_ptr<EnrollmentPass>> Begin() override;

 private:
  const EnrollmentClientOptions options_;
};

}  // namespace preseal::agent
