// SPDX-License-Identifier: Apache-2.0
// OpenSSL 3.0 deprecates engines for providers, but gRPC 1.51 takes a foreign key only as
// "engine:…", and Debian's tpm2-openssl provider fails as a TLS client. So the deprecated interface
// is used here, and nowhere else.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "agent/adapters/tpm/engine.h"

#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/err.h>

#include <map>

#include "common/base/guarded.h"
#include "common/log/log.h"
#include "common/tpmwire/public_area.h"

namespace preseal::agent {
namespace {

constexpr char kEngineId[] = "preseal";

// A key on offer; shared by the registry and every EC_KEY loaded from it.
struct Signer {
  std::shared_ptr<Tpm> tpm;
  std::unique_ptr<TpmKey> key;
  tpmwire::EccKey point;
};

using SignerRegistry = std::map<std::string, std::shared_ptr<Signer>, std::less<>>;

// The loader is a plain function, so the names it knows must be reachable without an argument.
// Never destroyed: OpenSSL may call in until the process ends.
Guarded<SignerRegistry>& Registry() {
  static auto* registry = new Guarded<SignerRegistry>();
  return *registry;
}

struct BignumFree {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using BignumPtr = std::unique_ptr<BIGNUM, BignumFree>;
struct EcKeyFree {
  void operator()(EC_KEY* key) const { EC_KEY_free(key); }
};
using EcKeyPtr = std::unique_ptr<EC_KEY, EcKeyFree>;
struct SigFree {
  void operator()(ECDSA_SIG* sig) const { ECDSA_SIG_free(sig); }
};
using SigPtr = std::unique_ptr<ECDSA_SIG, SigFree>;

BignumPtr ToBignum(const Bytes& bytes) {
  return BignumPtr(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

void FreeSigner(void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::shared_ptr<Signer>*>(pointer);
}

// The slot of an EC_KEY where its signer hangs; -1 if OpenSSL gave none.
int SignerSlot() {
  static const int slot = EC_KEY_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeSigner);
  return slot;
}

// Called from gRPC's handshake threads.
ECDSA_SIG* SignWithTpm(const unsigned char* digest, int size, const BIGNUM*, const BIGNUM*,
                       EC_KEY* ec_key) {
  const auto* signer =
      static_cast<std::shared_ptr<Signer>*>(EC_KEY_get_ex_data(ec_key, SignerSlot()));
  if (signer == nullptr || size < 0) return nullptr;
  const auto signature =
      (*signer)->tpm->Sign(*(*signer)->key, ByteView(digest, static_cast<size_t>(size)));
  if (!signature.ok()) {
    // Nobody above can carry the reason: TLS only says that the handshake failed.
    log::Error("TPM cannot sign the handshake", {{"error", ToString(signature.status())}});
    return nullptr;
  }
  SigPtr out(ECDSA_SIG_new());
  BignumPtr r = ToBignum(signature->r);
  BignumPtr s = ToBignum(signature->s);
  if (out == nullptr || r == nullptr || s == nullptr) return nullptr;
  if (ECDSA_SIG_set0(out.get(), r.get(), s.get()) != 1) return nullptr;
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  return out.release();
}

EC_KEY_METHOD* MakeMethod() {
  EC_KEY_METHOD* method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
  if (method == nullptr) return nullptr;
  int (*sign)(int, const unsigned char*, int, unsigned char*, unsigned int*, const BIGNUM*,
              const BIGNUM*, EC_KEY*) = nullptr;
  int (*setup)(EC_KEY*, BN_CTX*, BIGNUM**, BIGNUM**) = nullptr;
  EC_KEY_METHOD_get_sign(method, &sign, &setup, nullptr);
  EC_KEY_METHOD_set_sign(method, sign, setup, SignWithTpm);
  return method;
}

const EC_KEY_METHOD* TpmMethod() {
  static const EC_KEY_METHOD* method = MakeMethod();
  return method;
}

// An EC_KEY with the public point and our signature method; null if OpenSSL refuses any of it.
EcKeyPtr MakeEcKey(const std::shared_ptr<Signer>& signer) {
  EcKeyPtr key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  const BignumPtr x = ToBignum(signer->point.x);
  const BignumPtr y = ToBignum(signer->point.y);
  if (key == nullptr || x == nullptr || y == nullptr || TpmMethod() == nullptr) return nullptr;
  if (EC_KEY_set_public_key_affine_coordinates(key.get(), x.get(), y.get()) != 1) return nullptr;
  // Before it becomes an EVP_PKEY: afterwards OpenSSL would have exported it to its own provider.
  if (EC_KEY_set_method(key.get(), TpmMethod()) != 1) return nullptr;
  auto held = std::make_unique<std::shared_ptr<Signer>>(signer);
  if (EC_KEY_set_ex_data(key.get(), SignerSlot(), held.get()) != 1) return nullptr;
  static_cast<void>(held.release());
  return key;
}

EVP_PKEY* LoadKey(ENGINE*, const char* name, UI_METHOD*, void*) {
  std::shared_ptr<Signer> signer;
  {
    auto registry = Registry().Lock();
    const auto found = registry->find(std::string_view(name));
    if (found != registry->end()) signer = found->second;
  }
  if (signer == nullptr) return nullptr;
  EcKeyPtr ec_key = MakeEcKey(signer);
  EVP_PKEY* key = ec_key == nullptr ? nullptr : EVP_PKEY_new();
  if (key == nullptr) return nullptr;
  if (EVP_PKEY_assign_EC_KEY(key, ec_key.get()) != 1) {
    EVP_PKEY_free(key);
    return nullptr;
  }
  static_cast<void>(ec_key.release());
  return key;
}

// Once per process. The reference is kept for good, as gRPC keeps those it takes.
ENGINE* AddEngine() {
  ENGINE* engine = ENGINE_new();
  if (engine == nullptr) return nullptr;
  const bool added =
      ENGINE_set_id(engine, kEngineId) == 1 && ENGINE_set_name(engine, "Preseal TPM keys") == 1 &&
      ENGINE_set_load_privkey_function(engine, LoadKey) == 1 && ENGINE_add(engine) == 1;
  ERR_clear_error();
  if (added) return engine;
  ENGINE_free(engine);
  return nullptr;
}

StatusOr<tpmwire::EccKey> CheckKey(const TpmKey& key) {
  ASSIGN_OR_RETURN(const tpmwire::PublicArea area, tpmwire::ParsePublic(key.public_area()));
  const bool fits = area.ecc() != nullptr && area.ecc()->curve == tpmwire::EccCurve::kP256 &&
                    (area.attributes & tpmwire::kAttributeSign) != 0 &&
                    (area.attributes & tpmwire::kAttributeRestricted) == 0;
  if (!fits) return InvalidArgument("TLS needs an unrestricted P-256 signing key");
  return *area.ecc();
}

}  // namespace

StatusOr<std::unique_ptr<EngineKey>> EngineKey::Register(std::shared_ptr<Tpm> tpm,
                                                         std::unique_ptr<TpmKey> key,
                                                         std::string_view name) {
  if (name.empty() || name.find(':') != std::string_view::npos) {
    return InvalidArgument("engine key name must not be empty and have no colon");
  }
  ASSIGN_OR_RETURN(tpmwire::EccKey point, CheckKey(*key));
  static const ENGINE* const engine = AddEngine();
  if (engine == nullptr) return Internal("OpenSSL does not take engines");
  auto signer = std::make_shared<Signer>(Signer{std::move(tpm), std::move(key), std::move(point)});
  const bool inserted = Registry().Lock()->emplace(std::string(name), std::move(signer)).second;
  if (!inserted) return AlreadyExists("engine key " + std::string(name) + " is on offer already");
  return std::unique_ptr<EngineKey>(new EngineKey(std::string(name)));
}

EngineKey::~EngineKey() {
  // Dropped after the lock is given back: it may flush a key, which waits for the TPM.
  std::shared_ptr<Signer> last;
  auto registry = Registry().Lock();
  const auto found = registry->find(name_);
  if (found == registry->end()) return;
  last = std::move(found->second);
  registry->erase(found);
}

}  // namespace preseal::agent
