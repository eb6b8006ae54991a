// SPDX-License-Identifier: Apache-2.0
// A device port for tests: real gRPC over mTLS on loopback, events in memory with the server's
// rules, and faults on demand. The sync API, because a test wants to be read.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/app/run_fixture.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "tests/support/test_pki.h"

namespace preseal::agent {

namespace dv1 = device::v1;

// What survives a restart of the server.
struct DeviceStore {
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>>
      events;                                    // run -> serialized, sequence = index + 1
  std::vector<dv1::Command> open_commands;       // sent after every Hello
  std::map<std::string, std::string> artifacts;  // digest (raw) -> content
  int hellos = 0, goodbyes = 0, repeats = 0;
  std::string last_hello_run;
  dv1::Hello last_hello;
  dv1::Landing landing;

  size_t Count(const std::string& run_id) {
    const std::lock_guard lock(mutex);
    return events[run_id].size();
  }
  progress::v1::Event EventAt(const std::string& run_id, size_t index) {
    const std::lock_guard lock(mutex);
    progress::v1::Event event;
    event.ParseFromString(events[run_id].at(index));
    return event;
  }
  // Whether an event satisfies `condition`.
  bool Has(const std::string& run_id,
           const std::function<bool(const progress::v1::Event&)>& condition) {
    const size_t count = Count(run_id);
    for (size_t i = 0; i < count; ++i) {
      if (condition(EventAt(run_id, i))) return true;
    }
    return false;
  }
};

struct DeviceFaults {
  std::atomic<int> end_after_batches = 0;   // n > 0: after storing this many, end without acking
  std::atomic<int> end_code = 0;            // status code of that end
  std::atomic<int> refuse_hello_code = 0;   // not 0: answer every Hello with this status
  std::atomic<bool> repeat_acks = false;    // every ack three times, the last one old
  std::atomic<size_t> cut_artifact_at = 0;  // n > 0: end the first Fetch after so many bytes
  std::atomic<bool> spoil_artifact = false;
};

class SessionTestServer final : public dv1::DeviceSessionService::Service,
                                public dv1::ArtifactService::Service {
 public:
  SessionTestServer(const test::TestPki& pki, DeviceStore& store) : pki_(pki), store_(store) {}
  ~SessionTestServer() override { Stop(); }

  // On `port`, 0 for a free one.
  void Start(int port = 0) {
    grpc::SslServerCredentialsOptions ssl(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ssl.pem_root_certs = pki_.ca().pem();
    ssl.pem_key_cert_pairs.push_back({pki_.server().key_pem(), pki_.server().pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::SslServerCredentials(ssl),
                             &port_);
    builder.RegisterService(static_cast<dv1::DeviceSessionService::Service*>(this));
    builder.RegisterService(static_cast<dv1::ArtifactService::Service*>(this));
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void Stop() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  void Restart() {
    Stop();
    Start(port_);
  }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

  // Answers what is neither Hello, events nor Goodbye; called on the stream's thread.
  std::function<std::vector<dv1::ServerMessage>(const dv1::AgentMessage&)> on_message;

  DeviceFaults faults;

 private:
  using Stream = grpc::ServerReaderWriter<dv1::ServerMessage, dv1::AgentMessage>;

  grpc::Status Connect(grpc::ServerContext*, Stream* stream) override {
    dv1::AgentMessage message;
    if (!stream->Read(&message) || !message.has_hello()) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no hello");
    }
    if (faults.refuse_hello_code != 0) {
      return grpc::Status(static_cast<grpc::StatusCode>(faults.refuse_hello_code.load()),
                          "refused");
    }
    Greet(message.hello(), stream);
    while (stream->Read(&message)) {
      if (message.has_goodbye()) {
        const std::lock_guard lock(store_.mutex);
        ++store_.goodbyes;
        return grpc::Status::OK;
      }
      if (!message.has_events()) {
        if (!on_message) continue;
        for (const dv1::ServerMessage& answer : on_message(message)) stream->Write(answer);
        continue;
      }
      const grpc::Status stored = Store(message.events());
      if (!stored.ok()) return stored;
      if (faults.end_after_batches > 0 && --faults.end_after_batches == 0) {
        return grpc::Status(static_cast<grpc::StatusCode>(faults.end_code.load()), "test");
      }
      SendAcks(message.events().run_id(), stream);
    }
    return grpc::Status::OK;
  }

  void Greet(const dv1::Hello& hello, Stream* stream) {
    dv1::ServerMessage message;
    std::vector<dv1::Command> commands;
    {
      const std::lock_guard lock(store_.mutex);
      ++store_.hellos;
      store_.last_hello_run = hello.run_id();
      store_.last_hello = hello;
      *message.mutable_welcome()->mutable_landing() = store_.landing;
      message.mutable_welcome()->set_acked_sequence(store_.events[hello.run_id()].size());
      commands = store_.open_commands;
    }
    message.mutable_welcome()->mutable_heartbeat_interval()->set_nanos(200'000'000);
    stream->Write(message);
    for (const dv1::Command& command : commands) {
      *message.mutable_command() = command;
      stream->Write(message);
    }
  }

  // The server's rules: no gaps, a repeat must be equal.
  grpc::Status Store(const dv1::EventBatch& batch) {
    const std::lock_guard lock(store_.mutex);
    auto& events = store_.events[batch.run_id()];
    for (const auto& event : batch.events()) {
      const std::string bytes = event.SerializeAsString();
      if (event.sequence() == 0 || event.sequence() > events.size() + 1) {
        return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "gap");
      }
      if (event.sequence() == events.size() + 1) {
        events.push_back(bytes);
      } else if (events[event.sequence() - 1] != bytes) {
        return grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "other content");
      } else {
        ++store_.repeats;
      }
    }
    return grpc::Status::OK;
  }

  void SendAcks(const std::string& run_id, Stream* stream) {
    dv1::ServerMessage message;
    message.mutable_ack()->set_run_id(run_id);
    message.mutable_ack()->set_sequence(store_.Count(run_id));
    stream->Write(message);
    if (!faults.repeat_acks) return;
    stream->Write(message);
    message.mutable_ack()->set_sequence(1);
    stream->Write(message);
  }

  grpc::Status Fetch(grpc::ServerContext*, const dv1::FetchRequest* request,
                     grpc::ServerWriter<dv1::FetchResponse>* writer) override {
    std::string content;
    {
      const std::lock_guard lock(store_.mutex);
      const auto found = store_.artifacts.find(request->sha256());
      if (found == store_.artifacts.end()) return grpc::Status(grpc::StatusCode::NOT_FOUND, "none");
      content = found->second;
    }
    if (request->offset() > content.size()) {
      return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "offset");
    }
    const size_t cut = faults.cut_artifact_at.exchange(0);
    if (cut > 0) content.resize(cut);
    if (faults.spoil_artifact) content.back() ^= 1;
    constexpr size_t kChunk = 1000;
    dv1::FetchResponse response;
    for (size_t at = request->offset(); at < content.size(); at += kChunk) {
      response.set_chunk(content.substr(at, kChunk));
      writer->Write(response);
    }
    return cut > 0 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut") : grpc::Status::OK;
  }

  const test::TestPki& pki_;
  DeviceStore& store_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace preseal::agent
