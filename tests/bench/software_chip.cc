// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/software_chip.h"

#include <openssl/evp.h>

#include <memory>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/kdf.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/reader.h"
#include "common/tpmwire/templates.h"
#include "preseal/enrollment/v1/enrollment.pb.h"
#include "server/service/flow/dispatcher.h"

namespace preseal::bench {
namespace {

namespace ev1 = enrollment::v1;
using std::chrono_literals::operator""h;

constexpr size_t kFieldBytesMax = 256;
constexpr uint32_t kStorageKeyBits = 128;  // of the L-2 template's AES

struct Free {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

ev1::Evidence ToWire(const server::AttestationEvidence& in) {
  ev1::Evidence out;
  out.set_ek_certificate(ToString(in.ek_certificate));
  out.set_ek_nv_index(in.ek_nv_index);
  out.set_ek_public(ToString(in.ek_public));
  out.set_ak_public(ToString(in.ak_public));
  out.set_device_key_public(ToString(in.device_key_public));
  out.set_certify_attest(ToString(in.certify_attest));
  out.set_certify_signature(ToString(in.certify_signature));
  out.set_quote_attest(ToString(in.quote_attest));
  out.set_quote_signature(ToString(in.quote_signature));
  for (const auto& value : in.pcr_values) {
    auto* pcr = out.add_pcr_values();
    pcr->set_hash_algorithm(value.hash_algorithm);
    pcr->set_index(value.index);
    pcr->set_value(ToString(value.value));
  }
  out.set_event_log(ToString(in.event_log));
  out.set_claims(ToString(in.claims));
  return out;
}

StatusOr<Secret> SharedPoint(const crypto::PrivateKey& key, ByteView peer_x, ByteView peer_y) {
  ASSIGN_OR_RETURN(const auto peer,
                   crypto::PublicKey::FromEcAffine(crypto::Curve::kP256, peer_x, peer_y));
  const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new(key.handle(), nullptr));
  Bytes z(32);
  size_t size = z.size();
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.handle()) != 1 ||
      EVP_PKEY_derive(context.get(), z.data(), &size) != 1) {
    return Internal("ECDH failed");
  }
  return Secret(std::move(z));
}

StatusOr<Bytes> DecryptCfb(ByteView key, ByteView sealed) {
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  static constexpr uint8_t kZeroIv[16] = {};
  Bytes plain(sealed.size());
  int size = 0;
  if (!context ||
      EVP_DecryptInit_ex(context.get(), EVP_aes_128_cfb128(), nullptr, key.data(), kZeroIv) != 1 ||
      EVP_DecryptUpdate(context.get(), plain.data(), &size, sealed.data(),
                        static_cast<int>(sealed.size())) != 1) {
    return Internal("AES-CFB failed");
  }
  return plain;
}

// TPM2_ActivateCredential for a P-256 EK (TPM 2.0 Library, Part 1, "Credential Protection"). The
// HMAC is not checked: a wrong secret shows in the proof.
StatusOr<Secret> Activate(const test::AttestationFixture& chip, ByteView encrypted_secret,
                          ByteView credential_blob) {
  tpmwire::Reader secret(encrypted_secret);
  ASSIGN_OR_RETURN(const ByteView point, secret.Sized(kFieldBytesMax, "secret"));
  tpmwire::Reader coordinates(point);
  ASSIGN_OR_RETURN(const ByteView x, coordinates.Sized(kFieldBytesMax, "x"));
  ASSIGN_OR_RETURN(const ByteView y, coordinates.Sized(kFieldBytesMax, "y"));
  tpmwire::Reader blob(credential_blob);
  ASSIGN_OR_RETURN(const ByteView id_object, blob.Sized(kFieldBytesMax, "credential"));
  tpmwire::Reader parts(id_object);
  RETURN_IF_ERROR(parts.Sized(kFieldBytesMax, "HMAC").status());
  ASSIGN_OR_RETURN(const ByteView sealed, parts.Raw(parts.remaining(), "identity"));

  constexpr auto kHash = tpmwire::HashAlg::kSha256;
  ASSIGN_OR_RETURN(const Secret z, SharedPoint(chip.ek_key, x, y));
  const Secret seed = tpmwire::KdfE(kHash, z.Reveal(), "IDENTITY", x, chip.ek.ecc()->x);
  const Secret key =
      tpmwire::KdfA(kHash, seed.Reveal(), "STORAGE", tpmwire::NameOf(chip.ak), {}, kStorageKeyBits);
  ASSIGN_OR_RETURN(const Bytes plain, DecryptCfb(key.Reveal(), sealed));
  ASSIGN_OR_RETURN(const ByteView opened, tpmwire::Reader(plain).Sized(kFieldBytesMax, "secret"));
  return Secret(ToBytes(opened));
}

}  // namespace

StatusOr<Bytes> SoftwareChip::Evidence(ByteView challenge, const crypto::Digest256& server_leaf) {
  ev1::Challenge asked;
  if (!asked.ParseFromArray(challenge.data(), static_cast<int>(challenge.size()))) {
    return InvalidArgument("challenge does not parse");
  }
  parts_.context.session_id = ToBytes(asked.session_id());
  parts_.context.nonce = ToBytes(asked.nonce());
  parts_.context.server_leaf_sha256 = server_leaf;
  return ToBytes(ToWire(parts_.Build()).SerializeAsString());
}

StatusOr<Bytes> SoftwareChip::Proof(ByteView challenge, ByteView evidence,
                                    ByteView credential) const {
  ev1::Credential sealed;
  if (!sealed.ParseFromArray(credential.data(), static_cast<int>(credential.size()))) {
    return InvalidArgument("credential does not parse");
  }
  ASSIGN_OR_RETURN(const Secret secret, Activate(parts_, AsBytes(sealed.encrypted_secret()),
                                                 AsBytes(sealed.credential_blob())));
  const auto proof =
      tpmwire::ComputeProof(secret, tpmwire::TranscriptHash(challenge, evidence, credential));
  return ToBytes(ByteView(proof));
}

SoftwareChip SoftwareChip::Under(const std::string& device_serial, bool repeated) const {
  SoftwareChip other = *this;
  test::AttestationFixture& chip = other.parts_;
  ev1::DeviceClaims claims;
  claims.set_serial_number(device_serial);
  claims.set_repeated(repeated);
  claims.set_manufacturer("Bench");
  claims.set_model("Load");
  claims.set_tpm_manufacturer(chip.claimed_tpm.manufacturer);
  claims.set_tpm_vendor_string(chip.claimed_tpm.vendor_string);
  claims.set_tpm_firmware_version(chip.claimed_tpm.firmware_version);
  chip.claims = ToBytes(claims.SerializeAsString());
  return other;
}

ChipMaker::ChipMaker() {
  const WallTime now = SystemClock().Now();
  for (auto* certificate : {&maker_.root, &maker_.intermediate}) {
    certificate->not_before = now - 24h * 1000;
    certificate->not_after = now + 24h * 1000;
  }
  maker_.ek_certificate.not_before = now - 24h * 100;
  maker_.ek_certificate.not_after = now + 24h * 900;
  // What a server asks for by default.
  maker_.context.pcrs = server::QuotedPcrs();
}

std::string ChipMaker::ca_pem() const {
  const auto root =
      crypto::Certificate::FromDer(test::BuildCertificate(maker_.root, maker_.root_key));
  const auto intermediate =
      crypto::Certificate::FromDer(test::BuildCertificate(maker_.intermediate, maker_.root_key));
  return root.value().ToPem() + intermediate.value().ToPem();
}

SoftwareChip ChipMaker::Make(const std::string& device_serial) const {
  test::AttestationFixture chip = maker_;
  chip.ek_key = crypto::PrivateKey::GenerateP256().value();
  chip.ak_key = crypto::PrivateKey::GenerateP256().value();
  chip.tls_key = crypto::PrivateKey::GenerateP256().value();
  chip.ek_certificate.spki = chip.ek_key.public_key().SpkiDer();
  chip.ek = test::WithKey(tpmwire::EkTemplateP256Low(), chip.ek_key.public_key());
  chip.ak = test::WithKey(tpmwire::AkTemplate({}), chip.ak_key.public_key());
  chip.device_key = test::WithKey(tpmwire::DeviceKeyTemplate({}), chip.tls_key.public_key());
  return SoftwareChip(std::move(chip)).Under(device_serial);
}

}  // namespace preseal::bench
