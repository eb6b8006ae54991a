// SPDX-License-Identifier: Apache-2.0
// Owners for OpenSSL handles; included by this folder's .cc files only.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::crypto::openssl {

template <auto free_function>
struct Free {
  template <typename T>
  void operator()(T* handle) const {
    free_function(handle);
  }
};
// OPENSSL_free and the stack frees are macros, hence these two functions.
inline void FreeMemory(void* memory) { OPENSSL_free(memory); }
inline void FreeCertificates(STACK_OF(X509) * stack) { sk_X509_free(stack); }

template <typename T, auto free_function>
using Owner = std::unique_ptr<T, Free<free_function>>;

using BioOwner = Owner<BIO, BIO_free_all>;
using BignumOwner = Owner<BIGNUM, BN_clear_free>;
using EcdsaSigOwner = Owner<ECDSA_SIG, ECDSA_SIG_free>;
using EvpMdContextOwner = Owner<EVP_MD_CTX, EVP_MD_CTX_free>;
using EvpPkeyOwner = Owner<EVP_PKEY, EVP_PKEY_free>;
using EvpPkeyContextOwner = Owner<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using ExtensionOwner = Owner<X509_EXTENSION, X509_EXTENSION_free>;
using GeneralNamesOwner = Owner<GENERAL_NAMES, GENERAL_NAMES_free>;
using MemoryOwner = Owner<void, FreeMemory>;
using ObjectOwner = Owner<ASN1_OBJECT, ASN1_OBJECT_free>;
using ParamsOwner = Owner<OSSL_PARAM, OSSL_PARAM_free>;
using ParamBuilderOwner = Owner<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using X509Owner = Owner<X509, X509_free>;
using X509StackOwner = Owner<STACK_OF(X509), FreeCertificates>;  // the stack, not its members

// INTERNAL "what: <newest text of OpenSSL's queue>"; empties the queue. The texts only explain: a
// return code has already decided.
Status Failure(std::string_view what);
// The same as INVALID_ARGUMENT, for input that does not parse.
Status BadInput(std::string_view what);
// Forgets queued texts after a failure that is an answer ("no").
void ClearErrors();

// A read-only BIO over `bytes`, which must outlive it. Null if memory ran out.
BioOwner ReadBio(ByteView bytes);
// Everything written to a memory BIO.
Bytes Contents(BIO* bio);

// DER of `object` through its i2d function; empty on failure.
template <typename T, typename ToDer>
Bytes EncodeDer(const T* object, ToDer to_der) {
  const int length = to_der(object, nullptr);
  if (length <= 0) return {};
  Bytes der(static_cast<size_t>(length));
  unsigned char* out = der.data();
  if (to_der(object, &out) != length) return {};
  return der;
}

}  // namespace preseal::crypto::openssl
