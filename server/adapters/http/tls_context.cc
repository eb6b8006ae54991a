// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace preseal::server::http {
namespace {

template <auto free_function>
struct Free {
  template <typename T>
  void operator()(T* handle) const {
    free_function(handle);
  }
};
using BioOwner = std::unique_ptr<BIO, Free<BIO_free_all>>;
using X509Owner = std::unique_ptr<X509, Free<X509_free>>;
using KeyOwner = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

constexpr int kChainCertificatesMax = 8;

BioOwner ReadBio(std::string_view text) {
  return BioOwner(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key is refused rather than asked about on the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, kOurs, sizeof(kOurs) - 1, offered, offered_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Status UseChain(SSL_CTX* context, std::string_view pem) {
  const BioOwner bio = ReadBio(pem);
  if (bio == nullptr) return Internal("out of memory");
  int count = 0;
  while (X509Owner certificate{PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr)}) {
    const auto added = count == 0 ? SSL_CTX_use_certificate(context, certificate.get())
                                  : SSL_CTX_add1_chain_cert(context, certificate.get());
    if (added != 1) return InvalidArgument("certificate cannot be used for TLS");
    if (++count > kChainCertificatesMax) return InvalidArgument("certificate chain is too long");
  }
  // Running out of input ends the loop with "no start line"; anything else is a broken block.
  const bool clean_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0) return InvalidArgument("no certificate in the chain");
  if (!clean_end) return InvalidArgument("certificate chain does not parse");
  return OkStatus();
}

Status UseKey(SSL_CTX* context, std::string_view pem) {
  const BioOwner bio = ReadBio(pem);
  if (bio == nullptr) return Internal("out of memory");
  const KeyOwner key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return InvalidArgument("private key does not parse");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return InvalidArgument("private key does not belong to the certificate");
  }
  return OkStatus();
}

}  // namespace

StatusOr<TlsContext> MakeTlsContext(std::string_view certificate_chain_pem,
                                    std::string_view private_key_pem) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return Internal("cannot make a TLS context");
  if (SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return Internal("cannot set the TLS version");
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context.get(), SelectProtocol, nullptr);
  RETURN_IF_ERROR(UseChain(context.get(), certificate_chain_pem));
  RETURN_IF_ERROR(UseKey(context.get(), private_key_pem));
  return context;
}

}  // namespace preseal::server::http
