// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/web_fixture.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "common/process/process.h"
#include "server/adapters/http/fake_services.h"
#include "tests/support/status_matchers.h"

namespace preseal::server::http {
namespace {

constexpr int kSilenceSeconds = 10;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

void Observed::NoteCancelled() {
  const std::lock_guard lock(mutex_);
  ++cancelled_;
  changed_.notify_all();
}

void Observed::NoteWritten() {
  const std::lock_guard lock(mutex_);
  ++written_;
  changed_.notify_all();
}

int Observed::messages_written() {
  const std::lock_guard lock(mutex_);
  return written_;
}

bool Observed::WaitForWritten(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(kSilenceSeconds),
                           [this, count] { return written_ >= count; });
}

bool Observed::WaitForCancelled(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(kSilenceSeconds),
                           [this, count] { return cancelled_ >= count; });
}

RawClient::RawClient(uint16_t port, std::string_view alpn, int receive_buffer) {
  // OpenSSL writes to sockets without MSG_NOSIGNAL, and servers under test hang up at will.
  ::signal(SIGPIPE, SIG_IGN);
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  const int no_delay = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
  const timeval silence{kSilenceSeconds, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return;
  context_ = SSL_CTX_new(TLS_client_method());
  ssl_ = SSL_new(context_);
  const std::string offer = static_cast<char>(alpn.size()) + std::string(alpn);
  SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(offer.data()),
                      static_cast<unsigned>(offer.size()));
  SSL_set_fd(ssl_, fd_);
  if (SSL_connect(ssl_) == 1) return;
  SSL_free(ssl_);
  ssl_ = nullptr;
}

RawClient::~RawClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  ::close(fd_);
}

void RawClient::Send(std::string_view bytes) {
  if (ssl_ != nullptr) SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
}

std::string RawClient::Receive() {
  char buffer[16 * 1024];
  const int bytes = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof(buffer)) : 0;
  return bytes > 0 ? std::string(buffer, static_cast<size_t>(bytes)) : std::string();
}

std::string RawClient::ReceiveUntil(const std::function<bool(const std::string&)>& enough) {
  std::string text;
  while (!enough(text)) {
    const std::string more = Receive();
    if (more.empty()) break;
    text += more;
  }
  return text;
}

std::string RawClient::ReceiveAll() {
  return ReceiveUntil([](const std::string&) { return false; });
}

std::vector<std::string> HeaderValues(const std::string& headers, std::string_view name) {
  std::vector<std::string> values;
  std::istringstream lines(headers);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon != name.size()) continue;
    const bool same = std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) ==
             std::tolower(static_cast<unsigned char>(b));
    });
    if (!same) continue;
    std::string value = line.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    value.erase(value.find_last_not_of("\r ") + 1);
    values.push_back(std::move(value));
  }
  return values;
}

struct WebFixture::Services {
  explicit Services(Observed* observed) : auth(observed), fleet(observed) {}
  FakeAuthService auth;
  FakeFleetService fleet;
};

WebFixture::WebFixture() : services_(std::make_unique<Services>(&observed_)) {
  auto pki = test::TestPki::Create();
  if (!pki.ok()) std::abort();
  pki_ = std::move(*pki);
  std::ofstream(dir_.File("ca.pem")) << pki_->ca().pem();
  grpc::ServerBuilder builder;
  builder.RegisterService(&services_->auth);
  builder.RegisterService(&services_->fleet);
  grpc_server_ = builder.BuildAndStart();
  options_.address = "127.0.0.1";
  options_.certificate_chain_pem = pki_->server().pem();
  options_.private_key_pem = pki_->server().key_pem();
  options_.channel = grpc_server_->InProcessChannel({});
  options_.services = {"preseal.auth.v1.AuthService", "preseal.fleet.v1.FleetService"};
  options_.healthy = [this] { return healthy_.load(); };
  options_.assets = {};
}

WebFixture::~WebFixture() {
  web_.reset();
  grpc_server_->Shutdown(std::chrono::system_clock::now());
}

void WebFixture::Start() { ASSERT_OK_AND_ASSIGN(web_, WebServer::Start(options_)); }

Answer WebFixture::Curl(std::vector<std::string> arguments, const std::string& path) {
  const std::string port = std::to_string(web_->port());
  const std::string headers = dir_.File("headers");
  const std::string body = dir_.File("body");
  std::ofstream(body, std::ios::trunc);
  process::Command command;
  command.argv = {"curl", "-q", "-sS", "--max-time", "20", "--cacert", dir_.File("ca.pem")};
  command.argv.insert(command.argv.end(),
                      {"--resolve", "localhost:" + port + ":127.0.0.1", "-D", headers, "-o", body,
                       "-w", "%{http_code} %{http_version}"});
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.argv.push_back("https://localhost:" + port + path);
  command.environment = process::MinimalEnvironment();
  command.timeout = std::chrono::seconds(30);
  const auto captured = process::RunAndCapture(command);
  Answer answer;
  if (!captured.ok()) return answer;
  answer.exit_code = captured->ending.exit_code;
  std::istringstream(captured->output) >> answer.status >> answer.http_version;
  answer.headers = ReadFile(headers);
  answer.body = ReadFile(body);
  return answer;
}

std::string WebFixture::FileText(const std::string& name) const {
  return ReadFile(dir_.File(name));
}

Answer WebFixture::Post(std::vector<std::string> arguments, const std::string& path,
                        const std::string& type, const std::string& body) {
  const std::string file = dir_.File("request");
  std::ofstream(file, std::ios::binary | std::ios::trunc) << body;
  arguments.insert(arguments.end(),
                   {"-X", "POST", "-H", "content-type: " + type, "--data-binary", "@" + file});
  return Curl(std::move(arguments), path);
}

}  // namespace preseal::server::http
