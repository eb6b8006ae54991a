// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/make_credential.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <memory>

#include "common/base/secret.h"
#include "common/tpmwire/credential_seed.h"
#include "common/tpmwire/kdf.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

struct CipherContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

Status CheckArguments(const PublicArea& ek, ByteView ak_name, ByteView secret, ByteView random) {
  constexpr uint32_t kRole = kAttributeRestricted | kAttributeDecrypt;
  if ((ek.attributes & (kRole | kAttributeSign)) != kRole) {
    return InvalidArgument("EK: not a restricted decryption key");
  }
  if (ek.symmetric.algorithm != AlgId::kAes) return InvalidArgument("EK: no AES for its children");
  if (ak_name.size() != 2 + DigestSize(HashAlg::kSha256)) {
    return InvalidArgument(fmt::format("AK name: {} bytes", ak_name.size()));
  }
  if (secret.empty() || secret.size() > DigestSize(ek.name_algorithm)) {
    return InvalidArgument(fmt::format("secret: {} bytes", secret.size()));
  }
  if (random.size() != CredentialRandomBytes(ek)) {
    return InvalidArgument(fmt::format("randomness: {} bytes", random.size()));
  }
  return OkStatus();
}

// AES-CFB with a zero IV: the key is used once.
StatusOr<Bytes> EncryptCfb(ByteView key, ByteView plain) {
  const EVP_CIPHER* cipher = key.size() == 16   ? EVP_aes_128_cfb128()
                             : key.size() == 24 ? EVP_aes_192_cfb128()
                                                : EVP_aes_256_cfb128();
  const std::unique_ptr<EVP_CIPHER_CTX, CipherContextDeleter> context(EVP_CIPHER_CTX_new());
  static constexpr uint8_t kZeroIv[16] = {};
  Bytes out(plain.size());
  int size = 0;
  if (!context || EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), kZeroIv) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, plain.data(),
                        static_cast<int>(plain.size())) != 1 ||
      static_cast<size_t>(size) != out.size()) {
    return Internal("AES-CFB failed");
  }
  return out;
}

}  // namespace

size_t CredentialRandomBytes(const PublicArea& ek) { return SeedRandomBytes(ek); }

StatusOr<MadeCredential> MakeCredential(const PublicArea& ek, ByteView ak_name, ByteView secret,
                                        ByteView random) {
  RETURN_IF_ERROR(CheckArguments(ek, ak_name, secret, random));
  ASSIGN_OR_RETURN(const ProtectedSeed seed, ProtectSeed(ek, random));
  const HashAlg hash = ek.name_algorithm;
  const Secret storage_key =
      KdfA(hash, seed.seed.Reveal(), "STORAGE", ak_name, {}, ek.symmetric.key_bits);
  const Secret plain(Writer().Sized(secret).Take());
  ASSIGN_OR_RETURN(const Bytes identity, EncryptCfb(storage_key.Reveal(), plain.Reveal()));
  const Secret mac_key = KdfA(hash, seed.seed.Reveal(), "INTEGRITY", {}, {},
                              static_cast<uint32_t>(DigestSize(hash) * 8));
  const Bytes mac = Hmac(hash, mac_key.Reveal(), {identity, ak_name});
  MadeCredential made;
  made.credential_blob = Writer().Sized(Writer().Sized(mac).Raw(identity).Take()).Take();
  made.encrypted_secret = Writer().Sized(seed.encrypted).Take();
  return made;
}

}  // namespace preseal::tpmwire
