// SPDX-License-Identifier: Apache-2.0
// Tests only: the command line run in-process against a gRPC server over real TLS whose services
// answer from a few canned devices.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "preseal/auth/v1/auth.grpc.pb.h"
#include "preseal/batch/v1/batch.grpc.pb.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/views.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

namespace preseal::server::cli {

inline constexpr char kGoodToken[] = "good-token";

// OK if the call carries kGoodToken. The tokens seen are kept.
class TokenGate {
 public:
  grpc::Status Check(const grpc::ServerContext& context);
  std::vector<std::string> seen();

 private:
  std::mutex mutex_;
  std::vector<std::string> seen_;
};

class FakeAuth final : public auth_v1::AuthService::Service {
 public:
  explicit FakeAuth(TokenGate* gate) : gate_(gate) {}
  grpc::Status Login(grpc::ServerContext* context, const auth_v1::LoginRequest* request,
                     auth_v1::LoginResponse* response) override;
  grpc::Status Logout(grpc::ServerContext* context, const auth_v1::LogoutRequest* request,
                      auth_v1::LogoutResponse* response) override;
  grpc::Status WhoAmI(grpc::ServerContext* context, const auth_v1::WhoAmIRequest* request,
                      auth_v1::Principal* response) override;
  grpc::Status CreateApiToken(grpc::ServerContext* context,
                              const auth_v1::CreateApiTokenRequest* request,
                              auth_v1::CreateApiTokenResponse* response) override;

  auth_v1::LoginRequest last_login;
  auth_v1::CreateApiTokenRequest last_create;
  int logouts = 0;

 private:
  TokenGate* gate_;
};

class FakeBatch final : public batch_v1::BatchService::Service {
 public:
  explicit FakeBatch(TokenGate* gate) : gate_(gate) {}
  grpc::Status GetBatch(grpc::ServerContext* context, const batch_v1::GetBatchRequest* request,
                        batch_v1::Batch* response) override;
  grpc::Status ListBatches(grpc::ServerContext* context,
                           const batch_v1::ListBatchesRequest* request,
                           batch_v1::ListBatchesResponse* response) override;
  // The batch with 3, then 4 devices.
  grpc::Status WatchBatch(grpc::ServerContext* context, const batch_v1::WatchBatchRequest* request,
                          grpc::ServerWriter<batch_v1::Batch>* writer) override;

 private:
  TokenGate* gate_;
};

class FakeFleet final : public fleet_v1::FleetService::Service {
 public:
  explicit FakeFleet(TokenGate* gate) : gate_(gate) {}
  grpc::Status GetDevice(grpc::ServerContext* context, const fleet_v1::GetDeviceRequest* request,
                         fleet_v1::Device* response) override;
  // Two devices a page, whatever is asked for.
  grpc::Status ListDevices(grpc::ServerContext* context,
                           const fleet_v1::ListDevicesRequest* request,
                           fleet_v1::ListDevicesResponse* response) override;
  // Snapshot, then each of `later`. The first `breaks` streams end UNAVAILABLE after the snapshot;
  // the others wait for the client to go, after a Ctrl-C to it if `interrupt_client` says so.
  grpc::Status WatchDevices(grpc::ServerContext* context,
                            const fleet_v1::WatchDevicesRequest* request,
                            grpc::ServerWriter<fleet_v1::WatchDevicesResponse>* writer) override;
  // Three entries, one a page.
  grpc::Status ListEvents(grpc::ServerContext* context, const fleet_v1::ListEventsRequest* request,
                          fleet_v1::ListEventsResponse* response) override;
  grpc::Status ImportDevices(grpc::ServerContext* context,
                             const fleet_v1::ImportDevicesRequest* request,
                             fleet_v1::ImportDevicesResponse* response) override;
  grpc::Status RetryDevice(grpc::ServerContext* context,
                           const fleet_v1::RetryDeviceRequest* request,
                           fleet_v1::Command* response) override;
  grpc::Status ResealDevice(grpc::ServerContext* context,
                            const fleet_v1::ResealDeviceRequest* request,
                            fleet_v1::Command* response) override;
  grpc::Status GetBirthCertificate(grpc::ServerContext* context,
                                   const fleet_v1::GetBirthCertificateRequest* request,
                                   fleet_v1::BirthCertificate* response) override;
  grpc::Status GetEvidence(grpc::ServerContext* context,
                           const fleet_v1::GetEvidenceRequest* request,
                           fleet_v1::AttestationEvidence* response) override;

  std::vector<fleet_v1::Device> devices;
  std::vector<fleet_v1::Device> later;
  int breaks = 0;
  bool interrupt_client = false;
  fleet_v1::AttestationEvidence evidence;
  // What was asked, for the test to look at after the command line has returned.
  fleet_v1::ListDevicesRequest last_list;
  fleet_v1::ImportDevicesRequest last_import;
  fleet_v1::ListEventsRequest last_events;
  std::vector<uint64_t> watch_cursors;
  std::vector<std::string> commanded;

 private:
  const fleet_v1::Device* Find(const std::string& name) const;
  grpc::Status Command(const std::string& name, const std::string& request_id,
                       lifecycle_v1::DeviceState needed, fleet_v1::Command* response);

  TokenGate* gate_;
};

fleet_v1::Device MakeDevice(int number, lifecycle_v1::DeviceState state);

struct CliResult {
  int code = -1;
  std::string out;
  std::string err;
};

class CliTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  // Registers what else a test answers with.
  virtual void AddServices(grpc::ServerBuilder* /*builder*/) {}

  // Runs the command line with only these variables set, besides HOME.
  CliResult Run(const std::vector<std::string>& arguments, const std::string& input = "");
  // Run with server, CA and token given.
  CliResult RunAsAdmin(std::vector<std::string> arguments, const std::string& input = "");
  // RunAsAdmin, with Ctrl-C as soon as the output holds `text`.
  CliResult WatchUntil(const std::string& text, const std::vector<std::string>& arguments);
  std::string Write(const std::string& name, const std::string& text);
  std::string Read(const std::string& path);

  test::TempDir dir_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<test::TestPki> pki_;
  std::string ca_file_;
  std::string server_;  // localhost:port
  TokenGate gate_;
  FakeAuth auth_{&gate_};
  FakeBatch batch_{&gate_};
  FakeFleet fleet_{&gate_};

 private:
  std::unique_ptr<grpc::Server> grpc_server_;
  std::string interrupt_at_;  // empty: never
};

}  // namespace preseal::server::cli
