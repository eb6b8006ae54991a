// SPDX-License-Identifier: Apache-2.0
#include "server/cli/diagnose.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "common/base/limits.h"
#include "common/files/unique_fd.h"

namespace preseal::server::cli {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;
using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

// OpenSSL writes with write(2): a peer that closed early must not end the process. Elsewhere
// SIGPIPE keeps its meaning, so that `preseal devices watch | head` ends.
class PipeSignalOff {
 public:
  PipeSignalOff() : former_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~PipeSignalOff() { std::signal(SIGPIPE, former_); }
  PipeSignalOff(const PipeSignalOff&) = delete;
  PipeSignalOff& operator=(const PipeSignalOff&) = delete;

 private:
  void (*former_)(int);
};

// Connects within the limit and leaves the socket blocking with timeouts; errno-style result.
int ConnectTo(const addrinfo& address, UniqueFd* out) {
  UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    pollfd wait{.fd = fd.get(), .events = POLLOUT, .revents = 0};
    constexpr auto kLimit = std::chrono::milliseconds(kCliConnectTimeout);
    if (poll(&wait, 1, static_cast<int>(kLimit.count())) <= 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return error;
  }
  const int flags = fcntl(fd.get(), F_GETFL);
  fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK);
  const timeval limit{.tv_sec = std::chrono::seconds(kCliConnectTimeout).count(), .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  *out = std::move(fd);
  return 0;
}

bool AddRoots(SSL_CTX* context, std::string_view ca_pem) {
  const Bio bio(BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())), BIO_free);
  bool any = false;
  while (true) {
    const X509Ptr root(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
    if (root == nullptr) break;
    any = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) == 1 || any;
  }
  ERR_clear_error();
  return any;
}

std::string ExplainVerify(long result, const std::string& place) {
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("{}: the server's certificate is for another name", place);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{}: the server's certificate has expired", place);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{}: the server's certificate is not valid yet; is this clock right?",
                         place);
    default:
      return fmt::format("{}: the server's certificate is not from the CA you gave ({})", place,
                         X509_verify_cert_error_string(result));
  }
}

std::string DiagnoseTls(const Endpoint& endpoint, std::string_view ca_pem, int fd) {
  const std::string place = endpoint.ToString();
  const SslContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (context == nullptr || !AddRoots(context.get(), ca_pem)) {
    return "the CA file holds no certificate";
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const Ssl ssl(SSL_new(context.get()), SSL_free);
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) return place + ": out of memory";
  in6_addr address{};
  const bool is_ip = inet_pton(AF_INET, endpoint.host.c_str(), &address) == 1 ||
                     inet_pton(AF_INET6, endpoint.host.c_str(), &address) == 1;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl.get());
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(param, endpoint.host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(param, endpoint.host.c_str(), endpoint.host.size());
    SSL_set_tlsext_host_name(ssl.get(), endpoint.host.c_str());
  }
  constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kAlpn, sizeof(kAlpn));
  const int connected = SSL_connect(ssl.get());
  const long verified = SSL_get_verify_result(ssl.get());
  ERR_clear_error();
  if (verified != X509_V_OK) return ExplainVerify(verified, place);
  if (connected != 1) return place + ": something listens there, but it does not speak TLS";
  const unsigned char* chosen = nullptr;
  unsigned chosen_size = 0;
  SSL_get0_alpn_selected(ssl.get(), &chosen, &chosen_size);
  if (chosen_size == 0) return place + ": a TLS server, but not gRPC; is this the API's port?";
  return place + ": the server did not answer";
}

}  // namespace

std::string DiagnoseConnection(const Endpoint& endpoint, std::string_view ca_pem) {
  const PipeSignalOff pipe_signal_off;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int resolved =
      getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (resolved != 0) {
    return fmt::format("no such host \"{}\" ({})", endpoint.host, gai_strerror(resolved));
  }
  const AddressList addresses(found, freeaddrinfo);
  int error = EHOSTUNREACH;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    UniqueFd fd;
    error = ConnectTo(*address, &fd);
    if (error == 0) return DiagnoseTls(endpoint, ca_pem, fd.get());
  }
  if (error == ECONNREFUSED) {
    return endpoint.ToString() + ": nothing listens there (connection refused)";
  }
  if (error == ETIMEDOUT) return endpoint.ToString() + ": no answer within 5 s";
  return fmt::format("{}: {}", endpoint.ToString(), std::strerror(error));
}

}  // namespace preseal::server::cli
