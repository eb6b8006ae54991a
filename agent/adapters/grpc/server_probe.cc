// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/server_probe.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <ctime>

#include "common/base/bytes.h"
#include "common/crypto/openssl_handles.h"
#include "common/files/unique_fd.h"

namespace preseal::agent {
namespace {

constexpr int kConnectWithinMs = 2000;
constexpr timeval kAnswerWithin = {.tv_sec = 2, .tv_usec = 0};

using SslContextOwner = crypto::openssl::Owner<SSL_CTX, SSL_CTX_free>;
using SslOwner = crypto::openssl::Owner<SSL, SSL_free>;

// Blocking, with time limits; invalid if nobody accepts.
UniqueFd ConnectTo(const addrinfo& address) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return {};
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return {};
    pollfd poll{fd.get(), POLLOUT, 0};
    if (::poll(&poll, 1, kConnectWithinMs) <= 0) return {};
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return {};
  }
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
  for (const int which : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    ::setsockopt(fd.get(), SOL_SOCKET, which, &kAnswerWithin, sizeof kAnswerWithin);
  }
  return fd;
}

UniqueFd ConnectTo(const std::string& endpoint) {
  const size_t colon = endpoint.rfind(':');
  if (colon == std::string::npos) return {};
  std::string host = endpoint.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), endpoint.c_str() + colon + 1, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    if (UniqueFd fd = ConnectTo(*address); fd.valid()) return fd;
  }
  return {};
}

// To the minute: who repeats the message only when it changes says it once a minute then.
std::string TimeText(const std::tm& time) { return fmt::format("{:%Y-%m-%dT%H:%MZ}", time); }

std::string TimeText(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? TimeText(parts) : "?";
}

std::string NowText() { return TimeText(fmt::gmtime(std::time(nullptr))); }

// The first thing found wrong; OpenSSL asks from the root down.
struct Objection {
  int error = X509_V_OK;
  std::string not_before;
  std::string not_after;
};

int OnVerify(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* objection = static_cast<Objection*>(SSL_get_app_data(ssl));
  objection->error = X509_STORE_CTX_get_error(store);
  if (const X509* certificate = X509_STORE_CTX_get_current_cert(store); certificate != nullptr) {
    objection->not_before = TimeText(X509_get0_notBefore(certificate));
    objection->not_after = TimeText(X509_get0_notAfter(certificate));
  }
  return 0;
}

Status Say(const Objection& objection) {
  switch (objection.error) {
    case X509_V_OK:
      return OkStatus();
    // What to do first: a screen may have room for no more.
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return FailedPrecondition(
          fmt::format("set the device's clock: it says {}, the server's certificate begins at {}",
                      NowText(), objection.not_before));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return FailedPrecondition(fmt::format(
          "set the device's clock: it says {}, the server's certificate ended at {}; if the clock "
          "is right, renew that certificate",
          NowText(), objection.not_after));
    default:
      return PermissionDenied(fmt::format("the server's certificate is refused: {}",
                                          X509_verify_cert_error_string(objection.error)));
  }
}

void Trust(SSL_CTX* context, const std::string& ca_pem) {
  const crypto::openssl::BioOwner bio = crypto::openssl::ReadBio(AsBytes(ca_pem));
  while (bio != nullptr) {
    const crypto::openssl::X509Owner root(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (root == nullptr) break;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get());
  }
}

}  // namespace

Status ServerProbe::Look() const {
  const UniqueFd fd = ConnectTo(endpoint_);
  if (!fd.valid()) return Unavailable("nothing accepts connections at " + endpoint_);
  const SslContextOwner context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Internal("no memory for TLS");
  Trust(context.get(), ca_pem_);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, &OnVerify);
  const SslOwner ssl(SSL_new(context.get()));
  Objection objection;
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd.get()) != 1) return Internal("no memory for TLS");
  SSL_set_app_data(ssl.get(), &objection);
  // A server that wants our certificate says so only after this.
  const bool connected = SSL_connect(ssl.get()) == 1;
  crypto::openssl::ClearErrors();
  if (!connected && objection.error == X509_V_OK) {
    return Unavailable("no TLS server answers at " + endpoint_);
  }
  return Say(objection);
}

Status ServerProbe::Explain(Status ended) const {
  if (ended.code() != StatusCode::kUnavailable) return ended;
  const Status seen = Look();
  return seen.code() == StatusCode::kFailedPrecondition ? Unavailable(MessageOf(seen)) : ended;
}

}  // namespace preseal::agent
