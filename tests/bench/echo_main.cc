// SPDX-License-Identifier: Apache-2.0
// bench-echo KEY CERTIFICATE CLIENT-CA PORTS-FILE: what the real server is compared with. Takes the
// same messages over the same mTLS, answers Hello with Welcome and every batch with the sequence of
// its last event, and does nothing else. Runs until it is killed.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>

#include "common/files/files.h"
#include "preseal/device/v1/device.grpc.pb.h"

namespace preseal::bench {
namespace {

namespace dv1 = device::v1;

// Reads while it writes and lets acks overtake each other, as the real stream does.
class EchoStream final : public grpc::ServerBidiReactor<dv1::AgentMessage, dv1::ServerMessage> {
 public:
  EchoStream() { StartRead(&incoming_); }

 private:
  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (!ok) {
      closed_ = true;
      if (!writing_) Finish(grpc::Status::OK);
      return;
    }
    if (incoming_.has_hello()) welcome_due_ = true;
    if (incoming_.has_events()) {
      run_id_ = incoming_.events().run_id();
      due_ = incoming_.events().events().rbegin()->sequence();
    }
    WriteNextLocked();
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (closed_) return Finish(grpc::Status::OK);
    if (ok) WriteNextLocked();
  }

  void OnDone() override { delete this; }

  void WriteNextLocked() {
    if (writing_) return;
    outgoing_.Clear();
    if (welcome_due_) {
      outgoing_.mutable_welcome()->set_device_id("D-0");
      welcome_due_ = false;
    } else if (due_ > sent_) {
      outgoing_.mutable_ack()->set_run_id(run_id_);
      outgoing_.mutable_ack()->set_sequence(due_);
      sent_ = due_;
    } else {
      return;
    }
    writing_ = true;
    StartWrite(&outgoing_);
  }

  std::mutex mutex_;
  dv1::AgentMessage incoming_;
  dv1::ServerMessage outgoing_;
  std::string run_id_;
  uint64_t due_ = 0;
  uint64_t sent_ = 0;
  bool welcome_due_ = false;
  bool writing_ = false;
  bool closed_ = false;
};

class EchoService final : public dv1::DeviceSessionService::CallbackService {
  grpc::ServerBidiReactor<dv1::AgentMessage, dv1::ServerMessage>* Connect(
      grpc::CallbackServerContext*) override {
    return new EchoStream();
  }
};

std::string ReadAll(const char* path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int Serve(char** argv) {
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_key_cert_pairs = {{ReadAll(argv[1]), ReadAll(argv[2])}};
  tls.pem_root_certs = ReadAll(argv[3]);
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  const std::string ports = fmt::format("{{\"device\": {}}}", port);
  if (!files::WriteAtomic(argv[4], AsBytes(ports), 0600).ok()) return 1;
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace preseal::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: bench-echo KEY CERTIFICATE CLIENT-CA PORTS-FILE\n");
    return 2;
  }
  return preseal::bench::Serve(argv);
}
