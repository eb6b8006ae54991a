// SPDX-License-Identifier: Apache-2.0
#include "server/cli/cli_fixture.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "server/cli/command_tree.h"

namespace preseal::server::cli {
namespace {

// Output that presses Ctrl-C once it has shown a text.
class InterruptingBuffer final : public std::stringbuf {
 public:
  explicit InterruptingBuffer(std::string text) : text_(std::move(text)) {}

 protected:
  int sync() override {
    if (!text_.empty() && str().find(text_) != std::string::npos) {
      text_.clear();
      kill(getpid(), SIGINT);
    }
    return 0;
  }

 private:
  std::string text_;
};

// Until the client goes; a test that waits longer has failed anyway.
void WaitForClientToGo(const grpc::ServerContext& context) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!context.IsCancelled() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
}

}  // namespace

grpc::Status TokenGate::Check(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find("authorization");
  const std::string token = found == context.client_metadata().end()
                                ? ""
                                : std::string(found->second.data(), found->second.size());
  const std::lock_guard lock(mutex_);
  seen_.push_back(token);
  if (token == std::string("Bearer ") + kGoodToken) return grpc::Status::OK;
  return {grpc::StatusCode::UNAUTHENTICATED, "no such session"};
}

std::vector<std::string> TokenGate::seen() {
  const std::lock_guard lock(mutex_);
  return seen_;
}

grpc::Status FakeAuth::Login(grpc::ServerContext* /*context*/, const auth_v1::LoginRequest* request,
                             auth_v1::LoginResponse* response) {
  last_login = *request;
  if (request->username() != "ana" ||
      (request->password() != "right password" && request->password() != "one-time")) {
    return {grpc::StatusCode::UNAUTHENTICATED, "wrong name or password"};
  }
  if (request->password() == "one-time" && request->new_password().empty()) {
    return {grpc::StatusCode::FAILED_PRECONDITION, "the password was one-time"};
  }
  response->set_token(kGoodToken);
  response->mutable_principal()->set_name("ana");
  response->mutable_principal()->set_role(auth_v1::ROLE_LEAD);
  response->mutable_expire_time()->set_seconds(1'800'000'000);
  return grpc::Status::OK;
}

grpc::Status FakeAuth::Logout(grpc::ServerContext* context,
                              const auth_v1::LogoutRequest* /*request*/,
                              auth_v1::LogoutResponse* /*response*/) {
  ++logouts;
  return gate_->Check(*context);
}

grpc::Status FakeAuth::WhoAmI(grpc::ServerContext* context,
                              const auth_v1::WhoAmIRequest* /*request*/,
                              auth_v1::Principal* response) {
  response->set_name("ana");
  response->set_role(auth_v1::ROLE_LEAD);
  return gate_->Check(*context);
}

grpc::Status FakeAuth::CreateApiToken(grpc::ServerContext* context,
                                      const auth_v1::CreateApiTokenRequest* request,
                                      auth_v1::CreateApiTokenResponse* response) {
  last_create = *request;
  response->mutable_api_token()->set_name("apiTokens/t1");
  *response->mutable_api_token()->mutable_expire_time() = request->expire_time();
  response->set_secret("pst_t1_secret");
  return gate_->Check(*context);
}

grpc::Status FakeBatch::GetBatch(grpc::ServerContext* context,
                                 const batch_v1::GetBatchRequest* request,
                                 batch_v1::Batch* response) {
  if (request->name() != "batches/PO-7") {
    return {grpc::StatusCode::PERMISSION_DENIED, "this token does not name the batch"};
  }
  response->set_name(request->name());
  response->set_total(3);
  return gate_->Check(*context);
}

grpc::Status FakeBatch::ListBatches(grpc::ServerContext* context,
                                    const batch_v1::ListBatchesRequest* request,
                                    batch_v1::ListBatchesResponse* response) {
  const bool first = request->page_token().empty();
  response->add_batches()->set_name(first ? "batches/PO-7" : "batches/PO-8");
  if (first) response->set_next_page_token("more");
  return gate_->Check(*context);
}

grpc::Status FakeBatch::WatchBatch(grpc::ServerContext* context,
                                   const batch_v1::WatchBatchRequest* request,
                                   grpc::ServerWriter<batch_v1::Batch>* writer) {
  if (const grpc::Status status = gate_->Check(*context); !status.ok()) return status;
  batch_v1::Batch batch;
  batch.set_name(request->name());
  for (const int total : {3, 4}) {
    batch.set_total(total);
    writer->Write(batch);
  }
  WaitForClientToGo(*context);
  return grpc::Status::CANCELLED;
}

grpc::Status FakeFleet::GetDevice(grpc::ServerContext* context,
                                  const fleet_v1::GetDeviceRequest* request,
                                  fleet_v1::Device* response) {
  const fleet_v1::Device* device = Find(request->name());
  if (device == nullptr) return {grpc::StatusCode::NOT_FOUND, "no device " + request->name()};
  *response = *device;
  return gate_->Check(*context);
}

grpc::Status FakeFleet::ListDevices(grpc::ServerContext* context,
                                    const fleet_v1::ListDevicesRequest* request,
                                    fleet_v1::ListDevicesResponse* response) {
  last_list = *request;
  size_t at = request->page_token().empty() ? 0 : std::stoul(request->page_token());
  for (; at < devices.size() && response->devices_size() < 2; ++at) {
    if (devices[at].serial_number().find(request->query()) == std::string::npos) continue;
    *response->add_devices() = devices[at];
  }
  if (at < devices.size()) response->set_next_page_token(std::to_string(at));
  return gate_->Check(*context);
}

grpc::Status FakeFleet::WatchDevices(grpc::ServerContext* context,
                                     const fleet_v1::WatchDevicesRequest* request,
                                     grpc::ServerWriter<fleet_v1::WatchDevicesResponse>* writer) {
  if (const grpc::Status status = gate_->Check(*context); !status.ok()) return status;
  watch_cursors.push_back(request->cursor());
  fleet_v1::WatchDevicesResponse message;
  if (request->cursor() == 0) {
    for (const auto& device : devices) *message.add_devices() = device;
  }
  message.set_cursor(41);
  message.set_snapshot_complete(true);
  writer->Write(message);
  if (breaks-- > 0) return {grpc::StatusCode::UNAVAILABLE, "draining"};
  for (const auto& device : later) {
    message.Clear();
    *message.add_devices() = device;
    message.set_cursor(42);
    message.set_snapshot_complete(true);
    writer->Write(message);
  }
  if (interrupt_client) kill(getpid(), SIGINT);
  WaitForClientToGo(*context);
  return grpc::Status::CANCELLED;
}

grpc::Status FakeFleet::ListEvents(grpc::ServerContext* context,
                                   const fleet_v1::ListEventsRequest* request,
                                   fleet_v1::ListEventsResponse* response) {
  last_events = *request;
  const int at = request->page_token().empty() ? 1 : std::stoi(request->page_token());
  auto* entry = response->add_entries();
  entry->set_sequence(static_cast<uint64_t>(at));
  entry->set_kind("log-line");
  entry->set_text("line " + std::to_string(at));
  if (at < 3) response->set_next_page_token(std::to_string(at + 1));
  return gate_->Check(*context);
}

grpc::Status FakeFleet::ImportDevices(grpc::ServerContext* context,
                                      const fleet_v1::ImportDevicesRequest* request,
                                      fleet_v1::ImportDevicesResponse* response) {
  last_import = *request;
  int number = 100;
  for (const auto& row : request->rows()) {
    auto* result = response->add_results();
    if (row.serial_number() == "0") {
      result->set_outcome(fleet_v1::ImportRowResult::OUTCOME_REFUSED);
      result->set_code("JUNK_SERIAL");
      result->set_message("not a serial number");
      continue;
    }
    result->set_outcome(fleet_v1::ImportRowResult::OUTCOME_CREATED);
    if (!request->validate_only()) result->set_device("devices/D-" + std::to_string(++number));
  }
  return gate_->Check(*context);
}

grpc::Status FakeFleet::RetryDevice(grpc::ServerContext* context,
                                    const fleet_v1::RetryDeviceRequest* request,
                                    fleet_v1::Command* response) {
  if (const grpc::Status status = gate_->Check(*context); !status.ok()) return status;
  return Command(request->name(), request->request_id(), lifecycle_v1::DEVICE_STATE_FAILED,
                 response);
}

grpc::Status FakeFleet::ResealDevice(grpc::ServerContext* context,
                                     const fleet_v1::ResealDeviceRequest* request,
                                     fleet_v1::Command* response) {
  if (const grpc::Status status = gate_->Check(*context); !status.ok()) return status;
  return Command(request->name(), request->request_id(), lifecycle_v1::DEVICE_STATE_READY_TO_SEAL,
                 response);
}

grpc::Status FakeFleet::GetBirthCertificate(grpc::ServerContext* context,
                                            const fleet_v1::GetBirthCertificateRequest* /*request*/,
                                            fleet_v1::BirthCertificate* response) {
  response->set_jws("a.b.c");
  return gate_->Check(*context);
}

grpc::Status FakeFleet::GetEvidence(grpc::ServerContext* context,
                                    const fleet_v1::GetEvidenceRequest* /*request*/,
                                    fleet_v1::AttestationEvidence* response) {
  *response = evidence;
  return gate_->Check(*context);
}

const fleet_v1::Device* FakeFleet::Find(const std::string& name) const {
  for (const auto& device : devices) {
    if (device.name() == name) return &device;
  }
  return nullptr;
}

grpc::Status FakeFleet::Command(const std::string& name, const std::string& request_id,
                                lifecycle_v1::DeviceState needed, fleet_v1::Command* response) {
  const fleet_v1::Device* device = Find(name);
  if (device == nullptr) return {grpc::StatusCode::NOT_FOUND, "no device " + name};
  if (device->state() != needed) {
    return {grpc::StatusCode::FAILED_PRECONDITION, "it is " + StateName(device->state())};
  }
  EXPECT_EQ(request_id.size(), 32u);
  commanded.push_back(name);
  response->set_name(name + "/commands/C-1");
  response->set_state(fleet_v1::Command::STATE_QUEUED);
  response->mutable_create_time()->set_seconds(2000);
  return grpc::Status::OK;
}

fleet_v1::Device MakeDevice(int number, lifecycle_v1::DeviceState state) {
  fleet_v1::Device device;
  device.set_name("devices/D-" + std::to_string(number));
  device.set_serial_number("SN-" + std::to_string(number));
  device.set_batch("batches/PO-7");
  device.set_state(state);
  device.mutable_state_time()->set_seconds(1000);
  device.set_sealable(state == lifecycle_v1::DEVICE_STATE_READY_TO_SEAL);
  device.mutable_contact()->set_state(fleet_v1::Contact::STATE_CONNECTED);
  return device;
}

void CliTest::SetUp() {
  ASSERT_OK_AND_ASSIGN(pki_, test::TestPki::Create());
  ca_file_ = Write("ca.pem", pki_->ca().pem());
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({pki_->server().key_pem(), pki_->server().pem()});
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&auth_);
  builder.RegisterService(&batch_);
  builder.RegisterService(&fleet_);
  AddServices(&builder);
  grpc_server_ = builder.BuildAndStart();
  ASSERT_NE(grpc_server_, nullptr);
  server_ = "localhost:" + std::to_string(port);
}

void CliTest::TearDown() {
  if (grpc_server_ != nullptr) grpc_server_->Shutdown(std::chrono::system_clock::now());
}

CliResult CliTest::Run(const std::vector<std::string>& arguments, const std::string& input) {
  std::istringstream in(input);
  InterruptingBuffer out_buffer(interrupt_at_);
  std::ostream out(&out_buffer);
  std::ostringstream err;
  Terminal terminal;
  terminal.in = &in;
  terminal.out = &out;
  terminal.err = &err;
  terminal.environment = [this](const char* name) -> std::optional<std::string> {
    if (std::string_view(name) == "HOME") return dir_.path().string();
    const auto found = environment_.find(name);
    if (found == environment_.end()) return std::nullopt;
    return found->second;
  };
  terminal.size = [] { return std::pair<size_t, size_t>(80, 24); };
  terminal.ask_secret = [](std::string_view) -> StatusOr<Secret> {
    return InvalidArgument("no terminal");
  };
  CliResult result;
  result.code = RunCli(arguments, terminal);
  result.out = out_buffer.str();
  result.err = err.str();
  return result;
}

CliResult CliTest::RunAsAdmin(std::vector<std::string> arguments, const std::string& input) {
  environment_ = {
      {"PRESEAL_SERVER", server_}, {"PRESEAL_CA", ca_file_}, {"PRESEAL_TOKEN", kGoodToken}};
  return Run(arguments, input);
}

CliResult CliTest::WatchUntil(const std::string& text, const std::vector<std::string>& arguments) {
  interrupt_at_ = text;
  CliResult result = RunAsAdmin(arguments);
  interrupt_at_.clear();
  return result;
}

std::string CliTest::Write(const std::string& name, const std::string& text) {
  std::ofstream(dir_.File(name), std::ios::binary) << text;
  return dir_.File(name);
}

std::string CliTest::Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace preseal::server::cli
