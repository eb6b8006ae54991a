// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/handshake_cost.h"

#include <openssl/ssl.h>

#include <ctime>
#include <memory>

#include "common/crypto/certificate.h"
#include "common/crypto/key.h"

namespace preseal::bench {
namespace {

constexpr int kTurnsMax = 20;

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;
using Session = std::unique_ptr<SSL, Free>;

double Seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

StatusOr<Context> MakeContext(const SSL_METHOD* method, const TlsIdentity& identity) {
  ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromPem(identity.certificate_pem));
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::FromPem(identity.key_pem));
  ASSIGN_OR_RETURN(const auto peer_ca, crypto::Certificate::FromPem(identity.peer_ca_pem));
  Context context(SSL_CTX_new(method));
  if (!context || SSL_CTX_use_certificate(context.get(), certificate.handle()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.handle()) != 1 ||
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), peer_ca.handle()) != 1) {
    return Internal("TLS context failed");
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

// One handshake; returns what the server's turns took.
StatusOr<double> Shake(SSL_CTX* server_context, SSL_CTX* client_context) {
  const double begun = ThreadSeconds();
  const Session server(SSL_new(server_context));
  double taken = ThreadSeconds() - begun;
  const Session client(SSL_new(client_context));
  BIO* server_end = nullptr;
  BIO* client_end = nullptr;
  if (!server || !client || BIO_new_bio_pair(&server_end, 0, &client_end, 0) != 1) {
    return Internal("out of memory");
  }
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_accept_state(server.get());
  SSL_set_connect_state(client.get());
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    const int client_done = SSL_do_handshake(client.get());
    const double start = ThreadSeconds();
    const int server_done = SSL_do_handshake(server.get());
    taken += ThreadSeconds() - start;
    if (client_done == 1 && server_done == 1) return taken;
  }
  return Internal("TLS handshake failed");
}

}  // namespace

double ThreadSeconds() { return Seconds(CLOCK_THREAD_CPUTIME_ID); }
double ProcessSeconds() { return Seconds(CLOCK_PROCESS_CPUTIME_ID); }

StatusOr<double> ServerHandshakeSeconds(const TlsIdentity& server, const TlsIdentity& client,
                                        int rounds) {
  ASSIGN_OR_RETURN(const Context server_context, MakeContext(TLS_server_method(), server));
  ASSIGN_OR_RETURN(const Context client_context, MakeContext(TLS_client_method(), client));
  double sum = 0;
  for (int i = 0; i < rounds; ++i) {
    ASSIGN_OR_RETURN(const double taken, Shake(server_context.get(), client_context.get()));
    sum += taken;
  }
  return sum / rounds;
}

}  // namespace preseal::bench
