// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/binding.h"

#include <cstdlib>

#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {

Bytes LengthPrefixed(std::initializer_list<ByteView> parts) {
  Writer writer;
  for (const ByteView part : parts) writer.U32(static_cast<uint32_t>(part.size())).Raw(part);
  return writer.Take();
}

Sha256Digest ComputeBinding(const BindingInput& input) {
  return Sha256({LengthPrefixed({
      AsBytes("preseal-attest-v1"),
      input.session_id,
      input.nonce,
      input.server_leaf_sha256,
      Sha256({input.ek_public}),
      Sha256({input.ek_certificate}),
      input.ak_name,
      input.device_key_name,
      Sha256({input.event_log}),
      Sha256({input.claims}),
  })});
}

Sha256Digest ComputeRenewalBinding(std::string_view device, ByteView nonce,
                                   ByteView certificate_sha256) {
  return Sha256(
      {LengthPrefixed({AsBytes("preseal-renew-v1"), AsBytes(device), nonce, certificate_sha256})});
}

Sha256Digest CertifyQualifyingData(const Sha256Digest& binding) {
  return Sha256({AsBytes("certify"), binding});
}

Sha256Digest QuoteQualifyingData(const Sha256Digest& binding) {
  return Sha256({AsBytes("quote"), binding});
}

Sha256Digest TranscriptHash(ByteView challenge, ByteView evidence, ByteView credential) {
  return Sha256({LengthPrefixed({challenge, evidence, credential})});
}

Sha256Digest ComputeProof(const Secret& secret, const Sha256Digest& transcript) {
  const auto key =
      crypto::HkdfSha256(secret.Reveal(), {}, AsBytes("preseal-proof-v1"), sizeof(Sha256Digest));
  if (!key.ok()) std::abort();  // the length is fixed and allowed
  return crypto::HmacSha256(key->Reveal(), transcript);
}

}  // namespace preseal::tpmwire
