// SPDX-License-Identifier: Apache-2.0
// EK certificates as they lie in NV memory: unwrap, parse, read the TCG's attributes. Links
// server_attestation only.
#include <cstdlib>

#include "common/tpmwire/ek_certificate.h"
#include "server/domain/attestation/ek_certificate_facts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const preseal::ByteView nv(data, size);
  const auto unwrapped = preseal::tpmwire::UnwrapNvCertificate(nv);
  if (!unwrapped.ok()) return 0;
  if (unwrapped->der.size() + unwrapped->padding_bytes > size) std::abort();
  const auto certificate = preseal::crypto::Certificate::FromDer(unwrapped->der);
  if (!certificate.ok()) return 0;
  (void)preseal::server::ReadEkCertificateFacts(*certificate);
  (void)certificate->public_key();
  return 0;
}
