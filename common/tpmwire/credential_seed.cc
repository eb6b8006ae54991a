// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/credential_seed.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include <memory>

#include "common/tpmwire/hash.h"
#include "common/tpmwire/kdf.h"
#include "common/tpmwire/signature.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

template <auto free_function>
struct Free {
  template <typename T>
  void operator()(T* handle) const {
    free_function(handle);
  }
};
using Bignum = std::unique_ptr<BIGNUM, Free<BN_clear_free>>;
using BignumContext = std::unique_ptr<BN_CTX, Free<BN_CTX_free>>;
using Group = std::unique_ptr<EC_GROUP, Free<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Free<EC_POINT_clear_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;

constexpr std::string_view kLabel = "IDENTITY";
constexpr size_t kScalarSpareBytes = 8;

// RFC 8017, "MGF1".
Bytes Mgf1(HashAlg hash, ByteView seed, size_t size) {
  Bytes mask;
  for (uint32_t counter = 0; mask.size() < size; ++counter) {
    const Bytes block = Hash(hash, {seed, Writer().U32(counter).Take()});
    mask.insert(mask.end(), block.begin(), block.end());
  }
  mask.resize(size);
  return mask;
}

void Xor(uint8_t* target, ByteView mask) {
  for (size_t i = 0; i < mask.size(); ++i) target[i] = static_cast<uint8_t>(target[i] ^ mask[i]);
}

// RFC 8017, "EME-OAEP encoding", by hand: OpenSSL's takes no seed, and the seed must be recorded
// for the evidence to be recomputable. The label ends with its NUL (Part 1, "RSA Secret Sharing").
Secret OaepEncode(HashAlg hash, ByteView message, ByteView oaep_seed, size_t size) {
  const size_t digest = DigestSize(hash);
  static constexpr uint8_t kLabelEnd[] = {0};
  Bytes block(size);
  uint8_t* seed = block.data() + 1;
  uint8_t* data = seed + digest;
  const size_t data_size = size - 1 - digest;
  const Bytes label_hash = Hash(hash, {AsBytes(kLabel), kLabelEnd});
  std::copy(label_hash.begin(), label_hash.end(), data);
  data[data_size - message.size() - 1] = 1;
  std::copy(message.begin(), message.end(), data + data_size - message.size());
  std::copy(oaep_seed.begin(), oaep_seed.end(), seed);
  Xor(data, Mgf1(hash, oaep_seed, data_size));
  Xor(seed, Mgf1(hash, {data, data_size}, digest));
  return Secret(std::move(block));
}

StatusOr<ProtectedSeed> ProtectWithRsa(const PublicArea& ek, ByteView random) {
  const size_t digest = DigestSize(ek.name_algorithm);
  const size_t modulus = ek.rsa()->modulus.size();
  if (ek.rsa()->key_bits != 2048) return InvalidArgument("EK: only RSA-2048 is supported");
  ProtectedSeed result;
  result.seed = Secret(ToBytes(random.first(digest)));
  const Secret block =
      OaepEncode(ek.name_algorithm, result.seed.Reveal(), random.subspan(digest), modulus);
  ASSIGN_OR_RETURN_CTX(const crypto::PublicKey key, ToPublicKey(ek), "EK");
  const KeyContext context(EVP_PKEY_CTX_new(key.handle(), nullptr));
  result.encrypted.resize(modulus);
  size_t size = modulus;
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
      EVP_PKEY_encrypt(context.get(), result.encrypted.data(), &size, block.Reveal().data(),
                       block.Reveal().size()) != 1 ||
      size != modulus) {
    return Internal("RSA encryption failed");
  }
  return result;
}

// 1 + random mod (n - 1).
StatusOr<Bignum> ScalarFrom(ByteView random, const EC_GROUP* group, BN_CTX* context) {
  Bignum scalar(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  const Bignum range(BN_dup(EC_GROUP_get0_order(group)));
  if (!scalar || !range || BN_sub_word(range.get(), 1) != 1 ||
      BN_mod(scalar.get(), scalar.get(), range.get(), context) != 1 ||
      BN_add_word(scalar.get(), 1) != 1) {
    return Internal("scalar arithmetic failed");
  }
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  return scalar;
}

// Coordinates of a point, padded.
Status Affine(const EC_GROUP* group, const EC_POINT* point, size_t width, BN_CTX* context,
              Bytes& x_bytes, Bytes& y_bytes) {
  const Bignum x(BN_new());
  const Bignum y(BN_new());
  x_bytes.resize(width);
  y_bytes.resize(width);
  const int size = static_cast<int>(width);
  if (!x || !y || EC_POINT_get_affine_coordinates(group, point, x.get(), y.get(), context) != 1 ||
      BN_bn2binpad(x.get(), x_bytes.data(), size) != size ||
      BN_bn2binpad(y.get(), y_bytes.data(), size) != size) {
    return Internal("point arithmetic failed");
  }
  return OkStatus();
}

StatusOr<Point> PointOf(const EccKey& key, const EC_GROUP* group, BN_CTX* context) {
  const int width = static_cast<int>(key.x.size());
  const Bignum x(BN_bin2bn(key.x.data(), width, nullptr));
  const Bignum y(BN_bin2bn(key.y.data(), width, nullptr));
  Point point(EC_POINT_new(group));
  if (!x || !y || !point) return Internal("out of memory");
  // Fails for a point off the curve, which would leak the scalar (invalid-curve attack).
  if (EC_POINT_set_affine_coordinates(group, point.get(), x.get(), y.get(), context) != 1) {
    return InvalidArgument("EK: point is not on its curve");
  }
  return point;
}

StatusOr<ProtectedSeed> ProtectWithEcdh(const PublicArea& ek, ByteView random) {
  const EccKey& key = *ek.ecc();
  const size_t width = CoordinateSize(key.curve);
  const Group group(EC_GROUP_new_by_curve_name(key.curve == EccCurve::kP256 ? NID_X9_62_prime256v1
                                                                            : NID_secp384r1));
  const BignumContext context(BN_CTX_secure_new());
  if (!group || !context) return Internal("out of memory");
  ASSIGN_OR_RETURN(const Point peer, PointOf(key, group.get(), context.get()));
  ASSIGN_OR_RETURN(const Bignum scalar, ScalarFrom(random, group.get(), context.get()));
  const Point ephemeral(EC_POINT_new(group.get()));
  const Point shared(EC_POINT_new(group.get()));
  if (!ephemeral || !shared ||
      EC_POINT_mul(group.get(), ephemeral.get(), scalar.get(), nullptr, nullptr, context.get()) !=
          1 ||
      EC_POINT_mul(group.get(), shared.get(), nullptr, peer.get(), scalar.get(), context.get()) !=
          1) {
    return Internal("point multiplication failed");
  }
  Bytes ephemeral_x, ephemeral_y, shared_x, shared_y;
  RETURN_IF_ERROR(
      Affine(group.get(), ephemeral.get(), width, context.get(), ephemeral_x, ephemeral_y));
  RETURN_IF_ERROR(Affine(group.get(), shared.get(), width, context.get(), shared_x, shared_y));
  const Secret z(std::move(shared_x));
  const Secret z_other(std::move(shared_y));
  ProtectedSeed result;
  result.seed = KdfE(ek.name_algorithm, z.Reveal(), kLabel, ephemeral_x, key.x);
  result.encrypted = Writer().Sized(ephemeral_x).Sized(ephemeral_y).Take();
  return result;
}

}  // namespace

size_t SeedRandomBytes(const PublicArea& ek) {
  if (ek.rsa() != nullptr) return 2 * DigestSize(ek.name_algorithm);
  return CoordinateSize(ek.ecc()->curve) + kScalarSpareBytes;
}

StatusOr<ProtectedSeed> ProtectSeed(const PublicArea& ek, ByteView random) {
  return ek.rsa() != nullptr ? ProtectWithRsa(ek, random) : ProtectWithEcdh(ek, random);
}

}  // namespace preseal::tpmwire
