// SPDX-License-Identifier: Apache-2.0
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <string>

#include "common/crypto/hash_alg.h"
#include "common/crypto/key.h"
#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {
namespace {

constexpr int kRsaBitsMin = 1024;
constexpr int kRsaBitsMax = 4096;

size_t Width(Curve curve) { return curve == Curve::kP256 ? 32 : 48; }

const char* GroupName(Curve curve) { return curve == Curve::kP256 ? "prime256v1" : "secp384r1"; }

ByteView WithoutLeadingZeros(ByteView number) {
  while (!number.empty() && number[0] == 0) number = number.subspan(1);
  return number;
}

// Big endian `number` padded to `width`; false if it does not fit.
bool AppendPadded(ByteView number, size_t width, Bytes* out) {
  number = WithoutLeadingZeros(number);
  if (number.size() > width) return false;
  out->insert(out->end(), width - number.size(), 0);
  out->insert(out->end(), number.begin(), number.end());
  return true;
}

StatusOr<std::shared_ptr<EVP_PKEY>> FromParameters(const char* type, OSSL_PARAM* parameters) {
  // provider=default: other providers in the process (a TPM's) must not be asked.
  const openssl::EvpPkeyContextOwner context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, "provider=default"));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    return openssl::BadInput("public key is not valid");
  }
  return std::shared_ptr<EVP_PKEY>(key, openssl::Free<EVP_PKEY_free>());
}

openssl::BignumOwner ToBignum(ByteView number) {
  return openssl::BignumOwner(BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr));
}

StatusOr<Bytes> GetNumber(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) {
    return openssl::Failure("read a number of a public key");
  }
  const openssl::BignumOwner owner(number);
  Bytes out(static_cast<size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, out.data());
  return out;
}

}  // namespace

StatusOr<PublicKey> PublicKey::FromSpkiDer(ByteView der) {
  const unsigned char* next = der.data();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &next, static_cast<long>(der.size()));
  if (key == nullptr) return openssl::BadInput("public key does not parse");
  PublicKey parsed(std::shared_ptr<EVP_PKEY>(key, openssl::Free<EVP_PKEY_free>()));
  if (next != der.data() + der.size()) return InvalidArgument("bytes follow the public key");
  return parsed;
}

StatusOr<PublicKey> PublicKey::FromEcAffine(Curve curve, ByteView x, ByteView y) {
  Bytes point = {0x04};  // uncompressed
  if (!AppendPadded(x, Width(curve), &point) || !AppendPadded(y, Width(curve), &point)) {
    return InvalidArgument("coordinate is wider than the curve");
  }
  std::string group = GroupName(curve);
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  ASSIGN_OR_RETURN(auto key, FromParameters("EC", parameters));
  return PublicKey(std::move(key));
}

StatusOr<PublicKey> PublicKey::FromRsa(ByteView modulus, ByteView exponent) {
  exponent = WithoutLeadingZeros(exponent);
  const auto n = ToBignum(modulus);
  const auto e = ToBignum(exponent);
  if (!n || !e) return openssl::Failure("hold an RSA key");
  const int bits = BN_num_bits(n.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax || !BN_is_odd(n.get())) {
    return InvalidArgument("RSA modulus must be odd and have 1024 to 4096 bits");
  }
  if (exponent.size() > 4 || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    return InvalidArgument("RSA exponent must be odd and 3 to 2^32-1");
  }
  const openssl::ParamBuilderOwner builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return openssl::Failure("describe an RSA key");
  }
  const openssl::ParamsOwner parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  if (!parameters) return openssl::Failure("describe an RSA key");
  ASSIGN_OR_RETURN(auto key, FromParameters("RSA", parameters.get()));
  return PublicKey(std::move(key));
}

PublicKey PublicKey::FromHandle(std::shared_ptr<evp_pkey_st> handle) {
  return PublicKey(std::move(handle));
}

KeyKind PublicKey::kind() const {
  if (EVP_PKEY_is_a(handle(), "RSA") == 1) return KeyKind::kRsa;
  if (EVP_PKEY_is_a(handle(), "EC") != 1) return KeyKind::kOther;
  char group[64];
  if (EVP_PKEY_get_group_name(handle(), group, sizeof(group), nullptr) != 1) {
    return KeyKind::kOther;
  }
  const std::string_view name(group);
  if (name == GroupName(Curve::kP256)) return KeyKind::kP256;
  if (name == GroupName(Curve::kP384)) return KeyKind::kP384;
  return KeyKind::kOther;
}

int PublicKey::bits() const { return EVP_PKEY_get_bits(handle()); }

Bytes PublicKey::SpkiDer() const { return openssl::EncodeDer(handle(), i2d_PUBKEY); }

Digest256 PublicKey::SpkiSha256() const { return Sha256(SpkiDer()); }

StatusOr<EcCoordinates> PublicKey::ToEcCoordinates() const {
  const KeyKind key_kind = kind();
  if (key_kind != KeyKind::kP256 && key_kind != KeyKind::kP384) {
    return FailedPrecondition("not a P-256 or P-384 key");
  }
  const size_t width = Width(key_kind == KeyKind::kP256 ? Curve::kP256 : Curve::kP384);
  ASSIGN_OR_RETURN(const Bytes x, GetNumber(handle(), OSSL_PKEY_PARAM_EC_PUB_X));
  ASSIGN_OR_RETURN(const Bytes y, GetNumber(handle(), OSSL_PKEY_PARAM_EC_PUB_Y));
  EcCoordinates out;
  if (!AppendPadded(x, width, &out.x) || !AppendPadded(y, width, &out.y)) {
    return Internal("coordinate is wider than its curve");
  }
  return out;
}

StatusOr<RsaParts> PublicKey::ToRsaParts() const {
  if (kind() != KeyKind::kRsa) return FailedPrecondition("not an RSA key");
  RsaParts out;
  ASSIGN_OR_RETURN(out.modulus, GetNumber(handle(), OSSL_PKEY_PARAM_RSA_N));
  ASSIGN_OR_RETURN(out.exponent, GetNumber(handle(), OSSL_PKEY_PARAM_RSA_E));
  return out;
}

bool PublicKey::Equals(const PublicKey& other) const {
  const bool equal = EVP_PKEY_eq(handle(), other.handle()) == 1;
  openssl::ClearErrors();
  return equal;
}

bool PublicKey::VerifyEcdsaDer(HashAlg alg, ByteView message, ByteView der) const {
  if (kind() != KeyKind::kP256 && kind() != KeyKind::kP384) return false;
  const openssl::EvpMdContextOwner context(EVP_MD_CTX_new());
  const bool valid =
      context &&
      EVP_DigestVerifyInit(context.get(), nullptr, Digest(alg), nullptr, handle()) == 1 &&
      EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(), message.size()) == 1;
  openssl::ClearErrors();
  return valid;
}

bool PublicKey::VerifyEcdsa(HashAlg alg, ByteView message, ByteView r, ByteView s) const {
  auto r_number = ToBignum(WithoutLeadingZeros(r));
  auto s_number = ToBignum(WithoutLeadingZeros(s));
  const openssl::EcdsaSigOwner signature(ECDSA_SIG_new());
  if (!signature || !r_number || !s_number) return false;
  // set0 takes both numbers over.
  if (ECDSA_SIG_set0(signature.get(), r_number.get(), s_number.get()) != 1) return false;
  (void)r_number.release();
  (void)s_number.release();
  return VerifyEcdsaDer(alg, message, openssl::EncodeDer(signature.get(), i2d_ECDSA_SIG));
}

bool PublicKey::VerifyEcdsaRaw(HashAlg alg, ByteView message, ByteView raw) const {
  const size_t width = Width(kind() == KeyKind::kP384 ? Curve::kP384 : Curve::kP256);
  if (raw.size() != 2 * width) return false;
  return VerifyEcdsa(alg, message, raw.first(width), raw.last(width));
}

bool PublicKey::VerifyRsa(HashAlg alg, int padding, ByteView message, ByteView signature) const {
  if (kind() != KeyKind::kRsa) return false;
  const openssl::EvpMdContextOwner context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  const bool valid =
      context &&
      EVP_DigestVerifyInit(context.get(), &key_context, Digest(alg), nullptr, handle()) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(key_context, padding) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1;
  openssl::ClearErrors();
  return valid;
}

bool PublicKey::VerifyRsaPkcs1(HashAlg alg, ByteView message, ByteView signature) const {
  return VerifyRsa(alg, RSA_PKCS1_PADDING, message, signature);
}

bool PublicKey::VerifyRsaPss(HashAlg alg, ByteView message, ByteView signature) const {
  return VerifyRsa(alg, RSA_PKCS1_PSS_PADDING, message, signature);
}

}  // namespace preseal::crypto
