// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/pkcs11_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/guarded.h"
#include "server/adapters/ca/pkcs11_module.h"

namespace preseal::server {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr size_t kCoordinateBytes = 32;
constexpr size_t kSignatureBytes = 64;
constexpr CK_ULONG kMatchesMax = 2;  // two are as wrong as many
constexpr size_t kAttributeBytesMax = 512;
// namedCurve prime256v1 (RFC 5480).
constexpr uint8_t kP256Params[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
// OCTET STRING of 65 bytes, as PKCS#11 wants a point; some modules leave this header out.
constexpr uint8_t kPointHeader[] = {0x04, 0x41};
constexpr uint8_t kUncompressed = 0x04;

// One logged-in session and the key in it.
struct Session {
  CK_FUNCTION_LIST* module = nullptr;
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

  Session() = default;
  ~Session() { Close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Close() {
    if (handle != CK_INVALID_HANDLE) module->C_CloseSession(handle);
    handle = CK_INVALID_HANDLE;
  }
};

Status LogIn(const Pkcs11Place& place, const Session& session) {
  ASSIGN_OR_RETURN(const Secret pin, ReadPin(place.pin_file));
  // The API wants it writable, but does not write.
  auto* text = const_cast<unsigned char*>(pin.Reveal().data());
  const CK_RV rv = session.module->C_Login(session.handle, CKU_USER, text, pin.Reveal().size());
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return OkStatus();
  return FromRv(rv, place.name + ": log in");
}

StatusOr<CK_OBJECT_HANDLE> Find(const Pkcs11Place& place, const Session& session,
                                CK_OBJECT_CLASS kind, std::string_view what) {
  std::vector<CK_ATTRIBUTE> wanted = place.ObjectAttributes();
  wanted.push_back({CKA_CLASS, &kind, sizeof kind});
  CK_RV rv = session.module->C_FindObjectsInit(session.handle, wanted.data(), wanted.size());
  if (rv != CKR_OK) return FromRv(rv, fmt::format("{}: look for the {}", place.name, what));
  CK_OBJECT_HANDLE found[kMatchesMax];
  CK_ULONG count = 0;
  rv = session.module->C_FindObjects(session.handle, found, kMatchesMax, &count);
  session.module->C_FindObjectsFinal(session.handle);
  if (rv != CKR_OK) return FromRv(rv, fmt::format("{}: look for the {}", place.name, what));
  if (count == 0) return NotFound(fmt::format("{}: the token has no such {}", place.name, what));
  if (count > 1) {
    return FailedPrecondition(
        fmt::format("{}: more than one {} is called so: name it by id=", place.name, what));
  }
  return found[0];
}

StatusOr<Bytes> ReadAttribute(const Pkcs11Place& place, const Session& session,
                              CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  Bytes value(kAttributeBytesMax);
  CK_ATTRIBUTE attribute{type, value.data(), value.size()};
  const CK_RV rv = session.module->C_GetAttributeValue(session.handle, object, &attribute, 1);
  if (rv != CKR_OK) return FromRv(rv, place.name + ": read the public key");
  value.resize(std::min<size_t>(attribute.ulValueLen, value.size()));
  return value;
}

Status NotP256(const Pkcs11Place& place) {
  return FailedPrecondition(fmt::format(
      "{}: not an EC key on the curve P-256, which an issuing key must be", place.name));
}

StatusOr<crypto::PublicKey> ReadPublicKey(const Pkcs11Place& place, const Session& session) {
  ASSIGN_OR_RETURN(const auto object, Find(place, session, CKO_PUBLIC_KEY, "public key"));
  CK_KEY_TYPE type = 0;
  CK_ATTRIBUTE type_attribute{CKA_KEY_TYPE, &type, sizeof type};
  const CK_RV rv = session.module->C_GetAttributeValue(session.handle, object, &type_attribute, 1);
  if (rv != CKR_OK) return FromRv(rv, place.name + ": read the public key");
  if (type != CKK_EC) return NotP256(place);
  ASSIGN_OR_RETURN(const Bytes params, ReadAttribute(place, session, object, CKA_EC_PARAMS));
  ASSIGN_OR_RETURN(const Bytes encoded, ReadAttribute(place, session, object, CKA_EC_POINT));
  if (!std::ranges::equal(params, kP256Params)) return NotP256(place);
  ByteView point(encoded);
  constexpr size_t kPointBytes = 1 + 2 * kCoordinateBytes;
  const bool wrapped = point.size() == sizeof kPointHeader + kPointBytes &&
                       std::ranges::equal(point.first(sizeof kPointHeader), kPointHeader);
  if (wrapped) point = point.subspan(sizeof kPointHeader);
  if (point.size() != kPointBytes || point[0] != kUncompressed) return NotP256(place);
  return crypto::PublicKey::FromEcAffine(crypto::Curve::kP256, point.subspan(1, kCoordinateBytes),
                                         point.subspan(1 + kCoordinateBytes));
}

// After these a new session may work; everything else would only fail again.
bool IsLostSession(CK_RV rv) {
  switch (rv) {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
      return true;
    default:
      return false;
  }
}

class TokenSigner final : public crypto::ExternalSigner {
 public:
  TokenSigner(Pkcs11Place place, std::unique_ptr<Pkcs11Modules> modules)
      : place_(std::move(place)), modules_(std::move(modules)) {}

  StatusOr<crypto::PublicKey> Start() const {
    auto session = session_.Lock();
    RETURN_IF_ERROR(Connect(&*session));
    return ReadPublicKey(place_, *session);
  }

  // The lock is held across the token's work: a session does one thing at a time.
  StatusOr<Bytes> SignDigest(const crypto::Digest256& digest) const override {
    auto session = session_.Lock();
    Bytes signature;
    CK_RV rv = Sign(*session, digest, &signature);
    if (IsLostSession(rv)) {
      RETURN_IF_ERROR(Connect(&*session));
      rv = Sign(*session, digest, &signature);
    }
    if (rv != CKR_OK) return FromRv(rv, place_.name + ": sign");
    if (signature.size() != kSignatureBytes) {
      return Unavailable(place_.name + ": sign: the token gave a signature of the wrong size");
    }
    return signature;
  }

 private:
  Status Connect(Session* session) const {
    session->Close();
    ASSIGN_OR_RETURN(const auto slot, modules_->FindToken(place_));
    session->module = slot.module;
    const CK_RV rv =
        slot.module->C_OpenSession(slot.id, CKF_SERIAL_SESSION, nullptr, nullptr, &session->handle);
    if (rv != CKR_OK) return FromRv(rv, place_.name + ": open a session");
    RETURN_IF_ERROR(LogIn(place_, *session));
    ASSIGN_OR_RETURN(session->key, Find(place_, *session, CKO_PRIVATE_KEY, "private key"));
    return OkStatus();
  }

  static CK_RV Sign(const Session& session, const crypto::Digest256& digest, Bytes* signature) {
    if (session.handle == CK_INVALID_HANDLE) return CKR_SESSION_HANDLE_INVALID;
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    const CK_RV rv = session.module->C_SignInit(session.handle, &mechanism, session.key);
    if (rv != CKR_OK) return rv;
    signature->resize(2 * kSignatureBytes);
    CK_ULONG size = signature->size();
    auto* data = const_cast<unsigned char*>(digest.data());  // not written
    const CK_RV made =
        session.module->C_Sign(session.handle, data, digest.size(), signature->data(), &size);
    if (made == CKR_OK) signature->resize(size);
    return made;
  }

  const Pkcs11Place place_;
  const std::unique_ptr<Pkcs11Modules> modules_;  // outlives the session
  mutable Guarded<Session> session_;
};

}  // namespace

bool IsPkcs11Uri(std::string_view text) { return text.starts_with(kScheme); }

StatusOr<crypto::PrivateKey> OpenPkcs11Key(const std::string& uri) {
  ASSIGN_OR_RETURN(Pkcs11Place place, ParsePlace(uri));
  const std::string name = place.name;
  ASSIGN_OR_RETURN_CTX(auto modules, Pkcs11Modules::Open(place.module_path), name);
  const auto signer = std::make_shared<TokenSigner>(std::move(place), std::move(modules));
  ASSIGN_OR_RETURN(const auto public_key, signer->Start());
  ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromSigner(public_key, signer));
  // Finds a public key of another pair now, not at the first device.
  RETURN_IF_ERROR_CTX(key.SignRaw(AsBytes(name)).status(), name);
  return key;
}

}  // namespace preseal::server
