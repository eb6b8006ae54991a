// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/statement.h"

#include <fmt/format.h>

#include "common/base/secret.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"

namespace preseal::server {
namespace {

constexpr size_t kScalarBytes = 32;  // of P-256, the only curve an AK may have

}  // namespace

Objection ObjectToSignature(const crypto::PublicKey& ak, ByteView attest, ByteView signature) {
  const auto parsed = tpmwire::ParseSignature(signature);
  if (!parsed.ok()) return {MessageOf(parsed.status()), "a TPMT_SIGNATURE"};
  if (parsed->algorithm != tpmwire::AlgId::kEcdsa || parsed->hash != tpmwire::HashAlg::kSha256) {
    return {fmt::format("scheme 0x{:04X} with {}", static_cast<uint16_t>(parsed->algorithm),
                        tpmwire::HashName(static_cast<uint16_t>(parsed->hash))),
            "ECDSA with SHA-256"};
  }
  // A scalar has one encoding of this length or less; more is padding nobody asked for.
  if (parsed->r.size() > kScalarBytes || parsed->s.size() > kScalarBytes) {
    return {fmt::format("r of {} bytes, s of {}", parsed->r.size(), parsed->s.size()),
            "at most 32 bytes each"};
  }
  if (!tpmwire::VerifySignature(ak, attest, *parsed)) {
    return {"a signature that does not verify", "a signature by the AK"};
  }
  return {};
}

Objection ObjectToMagic(ByteView attest) {
  const auto header = tpmwire::PeekAttest(attest);
  if (!header.ok()) return {MessageOf(header.status()), "FF544347"};
  if (header->magic == tpmwire::kTpmGenerated) return {};
  return {fmt::format("{:08X}", header->magic), "FF544347"};
}

Objection ObjectToType(ByteView attest, uint16_t type) {
  const auto header = tpmwire::PeekAttest(attest);
  if (!header.ok()) return {MessageOf(header.status()), fmt::format("{:04X}", type)};
  if (header->type == type) return {};
  return {fmt::format("{:04X}", header->type), fmt::format("{:04X}", type)};
}

Objection ObjectToNonce(const tpmwire::Attest& attest, ByteView nonce) {
  if (ConstantTimeEqual(attest.extra_data, nonce)) return {};
  const std::string seen = ToHex(attest.extra_data);
  return {seen.empty() ? "empty" : seen, ToHex(nonce)};
}

Objection ObjectToSigner(const tpmwire::Attest& attest, const tpmwire::PublicArea& ak) {
  const Bytes expected = tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, ak);
  if (attest.qualified_signer == expected) return {};
  const std::string seen = ToHex(attest.qualified_signer);
  return {seen.empty() ? "empty" : seen, ToHex(expected)};
}

Objection ObjectToSelection(const tpmwire::PcrSelections& seen,
                            const tpmwire::PcrSelections& asked) {
  bool same = seen.size() == asked.size();
  for (size_t i = 0; same && i < seen.size(); ++i) {
    same = seen[i].hash_algorithm == asked[i].hash_algorithm &&
           (seen[i].mask == asked[i].mask || seen[i].empty());
  }
  if (same) return {};
  return {tpmwire::DescribeSelections(seen), tpmwire::DescribeSelections(asked)};
}

}  // namespace preseal::server
