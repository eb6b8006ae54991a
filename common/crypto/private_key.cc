// SPDX-License-Identifier: Apache-2.0
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

#include "common/base/limits.h"
#include "common/crypto/hash_alg.h"
#include "common/crypto/key.h"
#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {
namespace {

constexpr int kCoordinateBytes = 32;

// Instead of OpenSSL's default, which would prompt on the terminal for an encrypted key.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return -1; }

// ECDSA-Sig-Value of r || s.
StatusOr<Bytes> EcdsaRawToDer(ByteView raw) {
  openssl::BignumOwner r(BN_bin2bn(raw.data(), kCoordinateBytes, nullptr));
  openssl::BignumOwner s(BN_bin2bn(raw.data() + kCoordinateBytes, kCoordinateBytes, nullptr));
  const openssl::EcdsaSigOwner signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
    return openssl::Failure("encode a signature");
  }
  // The signature owns them now.
  (void)r.release();
  (void)s.release();
  return openssl::EncodeDer(signature.get(), i2d_ECDSA_SIG);
}

}  // namespace

StatusOr<PrivateKey> PrivateKey::GenerateP256() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  if (key == nullptr) return openssl::Failure("generate a P-256 key");
  return PrivateKey(std::shared_ptr<EVP_PKEY>(key, openssl::Free<EVP_PKEY_free>()));
}

StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  if (pem.size() > kPrivateKeyPemBytesMax) return InvalidArgument("private key is too large");
  const auto bio = openssl::ReadBio(AsBytes(pem));
  if (!bio) return openssl::Failure("read a private key");
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr);
  if (key == nullptr) return openssl::BadInput("no unencrypted private key in PEM form");
  PrivateKey parsed(std::shared_ptr<EVP_PKEY>(key, openssl::Free<EVP_PKEY_free>()));
  if (parsed.public_key().kind() != KeyKind::kP256) {
    return InvalidArgument("private key is not a P-256 key");
  }
  return parsed;
}

StatusOr<PrivateKey> PrivateKey::FromSigner(const PublicKey& public_key,
                                            std::shared_ptr<const ExternalSigner> signer) {
  if (public_key.kind() != KeyKind::kP256) return InvalidArgument("key is not a P-256 key");
  PrivateKey key(public_key.handle_);
  key.signer_ = std::move(signer);
  return key;
}

StatusOr<Secret> PrivateKey::ToPem() const {
  if (is_external()) return FailedPrecondition("the key lies in a token and cannot be copied");
  const openssl::BioOwner bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), handle(), nullptr, nullptr, 0, nullptr,
                                            nullptr) != 1) {
    return openssl::Failure("write a private key");
  }
  return Secret(openssl::Contents(bio.get()));
}

PublicKey PrivateKey::public_key() const { return PublicKey::FromHandle(handle_); }

// The signature is checked at once: a certificate nobody can verify would strand a device.
StatusOr<Bytes> PrivateKey::SignByToken(ByteView message) const {
  ASSIGN_OR_RETURN(Bytes raw, signer_->SignDigest(Sha256(message)));
  if (!public_key().VerifyEcdsaRaw(HashAlg::kSha256, message, raw)) {
    return Internal("the token's signature does not verify under its public key");
  }
  return raw;
}

StatusOr<Bytes> PrivateKey::SignDer(ByteView message) const {
  if (is_external()) {
    ASSIGN_OR_RETURN(const Bytes raw, SignByToken(message));
    return EcdsaRawToDer(raw);
  }
  const openssl::EvpMdContextOwner context(EVP_MD_CTX_new());
  size_t length = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, Digest(HashAlg::kSha256), nullptr, handle()) !=
          1 ||
      EVP_DigestSign(context.get(), nullptr, &length, message.data(), message.size()) != 1) {
    return openssl::Failure("prepare a signature");
  }
  Bytes signature(length);
  if (EVP_DigestSign(context.get(), signature.data(), &length, message.data(), message.size()) !=
      1) {
    return openssl::Failure("sign");
  }
  signature.resize(length);
  return signature;
}

StatusOr<Bytes> PrivateKey::SignRaw(ByteView message) const {
  if (is_external()) return SignByToken(message);
  ASSIGN_OR_RETURN(const Bytes der, SignDer(message));
  const unsigned char* next = der.data();
  const openssl::EcdsaSigOwner signature(
      d2i_ECDSA_SIG(nullptr, &next, static_cast<long>(der.size())));
  if (!signature) return openssl::Failure("read our own signature");
  Bytes raw(2 * static_cast<size_t>(kCoordinateBytes));
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kCoordinateBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kCoordinateBytes,
                   kCoordinateBytes) < 0) {
    return openssl::Failure("pad a signature");
  }
  return raw;
}

}  // namespace preseal::crypto
