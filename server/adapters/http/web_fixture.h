// SPDX-License-Identifier: Apache-2.0
// For this folder's tests: a web server before a gRPC server with fake handlers, curl as the client
// nobody here wrote, and a bare TLS client for what curl would never do.
#pragma once

#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/adapters/http/web_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

struct ssl_st;
struct ssl_ctx_st;

namespace preseal::server::http {

// What the fake handlers saw and did. Thread-safe.
struct Observed {
  void NoteCancelled();
  void NoteWritten();
  int messages_written();
  // False if fewer than `count` handlers were cancelled, or messages written, within ten seconds.
  bool WaitForCancelled(int count = 1);
  bool WaitForWritten(int count);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int cancelled_ = 0;
  int written_ = 0;
};

inline constexpr size_t kFloodMessageBytes = 16 * 1024;

// A blocking TLS connection to 127.0.0.1 that verifies nothing (curl does that).
class RawClient {
 public:
  // `alpn` is "http/1.1" or "h2". `receive_buffer` 0 leaves the kernel's choice.
  RawClient(uint16_t port, std::string_view alpn, int receive_buffer = 0);
  ~RawClient();
  bool connected() const { return ssl_ != nullptr; }

  void Send(std::string_view bytes);
  // What arrives next; empty at the end of the connection or after ten seconds of silence.
  std::string Receive();
  // Receives until the text so far satisfies `enough` or the connection ends.
  std::string ReceiveUntil(const std::function<bool(const std::string&)>& enough);
  std::string ReceiveAll();

 private:
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
  int fd_ = -1;
};

struct Answer {
  int exit_code = -1;  // curl's
  int status = 0;
  std::string http_version;  // "1.1", "2"
  std::string headers;       // as received
  std::string body;
};

// "name: value" lines, case of the name ignored; all values of that name.
std::vector<std::string> HeaderValues(const std::string& headers, std::string_view name);

class WebFixture : public testing::Test {
 public:
  static constexpr char kWhoAmI[] = "/preseal.auth.v1.AuthService/WhoAmI";
  static constexpr char kLogin[] = "/preseal.auth.v1.AuthService/Login";
  static constexpr char kLogout[] = "/preseal.auth.v1.AuthService/Logout";
  static constexpr char kRevoke[] = "/preseal.auth.v1.AuthService/RevokeApiToken";
  static constexpr char kGetDevice[] = "/preseal.fleet.v1.FleetService/GetDevice";
  static constexpr char kWatch[] = "/preseal.fleet.v1.FleetService/WatchDevices";

 protected:
  WebFixture();
  ~WebFixture() override;

  // Starts the web server with `options_`, which tests may change before.
  void Start();
  // curl with `arguments`, strict TLS checks, `path` last.
  Answer Curl(std::vector<std::string> arguments, const std::string& path);
  // POST with `body` of the media type.
  Answer Post(std::vector<std::string> arguments, const std::string& path, const std::string& type,
              const std::string& body);

  // The content of a file in dir_.
  std::string FileText(const std::string& name) const;

  Observed observed_;
  test::TempDir dir_;
  std::unique_ptr<test::TestPki> pki_;
  WebServerOptions options_;
  std::atomic<bool> healthy_ = true;
  std::unique_ptr<grpc::Server> grpc_server_;
  std::unique_ptr<WebServer> web_;

 private:
  struct Services;
  std::unique_ptr<Services> services_;
};

}  // namespace preseal::server::http
