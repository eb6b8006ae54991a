// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/revocation_list.h"

#include <openssl/pem.h>

#include <unordered_set>

#include "common/base/limits.h"
#include "common/crypto/certificate_parts.h"
#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {
namespace {

using CrlOwner = openssl::Owner<X509_CRL, X509_CRL_free>;
using IntegerOwner = openssl::Owner<ASN1_INTEGER, ASN1_INTEGER_free>;
using PointOwner = openssl::Owner<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free>;

constexpr char kPemName[] = "X509 CRL";
constexpr std::string_view kPemStart = "-----BEGIN ";

// What of a list we understand; `extension` is one of it or of its entries.
Status KnownOrHarmless(X509_EXTENSION* extension) {
  const int kind = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
  if (kind == NID_delta_crl) return InvalidArgument("a delta revocation list, not a complete one");
  if (X509_EXTENSION_get_critical(extension) == 0) return OkStatus();
  if (kind == NID_issuing_distribution_point || kind == NID_authority_key_identifier ||
      kind == NID_crl_number || kind == NID_crl_reason) {
    return OkStatus();
  }
  return InvalidArgument("revocation list has an unknown critical extension: " +
                         OidText(X509_EXTENSION_get_object(extension)));
}

Status CheckExtensions(const X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    RETURN_IF_ERROR(KnownOrHarmless(X509_CRL_get_ext(crl, i)));
  }
  return OkStatus();
}

struct Scope {
  bool authorities = true;
  bool others = true;
};

// The issuing distribution point may make a list cover less than its name promises.
StatusOr<Scope> ReadScope(const X509_CRL* crl) {
  int critical = 0;
  const PointOwner point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, nullptr)));
  if (!point) {
    if (critical == -1) return Scope();
    return openssl::BadInput("issuing distribution point is malformed or repeated");
  }
  if (point->indirectCRL > 0 || point->onlyattr > 0 || point->onlysomereasons != nullptr) {
    return InvalidArgument("an indirect or partial revocation list");
  }
  return Scope{point->onlyuser <= 0, point->onlyCA <= 0};
}

StatusOr<std::string> ReadNumber(const X509_CRL* crl) {
  int critical = 0;
  const IntegerOwner number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, nullptr)));
  if (number) return SerialHex(number.get());
  if (critical == -1) return std::string();
  return openssl::BadInput("number of the revocation list is malformed or repeated");
}

StatusOr<std::unordered_set<std::string>> ReadSerials(X509_CRL* crl) {
  const STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(crl);
  const int count = entries == nullptr ? 0 : sk_X509_REVOKED_num(entries);
  if (count > static_cast<int>(kRevocationEntriesMax)) {
    return ResourceExhausted("revocation list has too many entries");
  }
  std::unordered_set<std::string> serials;
  serials.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    for (int e = 0; e < X509_REVOKED_get_ext_count(entry); ++e) {
      RETURN_IF_ERROR(KnownOrHarmless(X509_REVOKED_get_ext(entry, e)));
    }
    ASSIGN_OR_RETURN(std::string serial, SerialHex(X509_REVOKED_get0_serialNumber(entry)));
    serials.insert(std::move(serial));
  }
  return serials;
}

// RSASSA-PSS hides its hash in parameters, often SHA-1, so it counts as weak.
bool HasStrongHash(const X509_CRL* crl) {
  int digest = NID_undef;
  if (OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, nullptr) != 1) return false;
  return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
}

bool HasSha1(const X509_CRL* crl) {
  int digest = NID_undef;
  return OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, nullptr) == 1 &&
         digest == NID_sha1;
}

}  // namespace

struct RevocationList::Parts {
  CrlOwner crl;
  Bytes der;
  std::string issuer;
  std::string number_hex;
  WallTime this_update;
  std::optional<WallTime> next_update;
  Scope scope;
  std::unordered_set<std::string> serials;
};

StatusOr<RevocationList> RevocationList::FromDer(ByteView der) {
  if (der.size() > kCrlBytesMax) return ResourceExhausted("revocation list is too large");
  const unsigned char* next = der.data();
  CrlOwner crl(d2i_X509_CRL(nullptr, &next, static_cast<long>(der.size())));
  if (!crl) return openssl::BadInput("revocation list does not parse");
  if (next != der.data() + der.size()) return InvalidArgument("bytes follow the revocation list");
  auto parts = std::make_shared<Parts>();
  RETURN_IF_ERROR(CheckExtensions(crl.get()));
  ASSIGN_OR_RETURN(parts->scope, ReadScope(crl.get()));
  ASSIGN_OR_RETURN(parts->number_hex, ReadNumber(crl.get()));
  ASSIGN_OR_RETURN(parts->issuer, NameText(X509_CRL_get_issuer(crl.get())));
  ASSIGN_OR_RETURN(parts->this_update, ReadTime(X509_CRL_get0_lastUpdate(crl.get())));
  if (const ASN1_TIME* end = X509_CRL_get0_nextUpdate(crl.get()); end != nullptr) {
    ASSIGN_OR_RETURN(parts->next_update, ReadTime(end));
  }
  ASSIGN_OR_RETURN(parts->serials, ReadSerials(crl.get()));
  openssl::ClearErrors();
  parts->der = ToBytes(der);
  parts->crl = std::move(crl);
  return RevocationList(std::move(parts));
}

StatusOr<RevocationList> RevocationList::Parse(ByteView input) {
  if (AsText(input).find(kPemStart) == std::string_view::npos) return FromDer(input);
  // Base64 adds a third, and line ends.
  if (input.size() > 2 * kCrlBytesMax) return ResourceExhausted("revocation list is too large");
  const auto bio = openssl::ReadBio(input);
  if (!bio) return openssl::Failure("read a revocation list");
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &length) != 1) {
    return openssl::BadInput("revocation list in PEM does not parse");
  }
  const openssl::MemoryOwner name_owner(name);
  const openssl::MemoryOwner header_owner(header);
  const openssl::MemoryOwner data_owner(data);
  if (std::string_view(name) != kPemName) return InvalidArgument("PEM holds no revocation list");
  return FromDer(ByteView(data, static_cast<size_t>(length)));
}

const Bytes& RevocationList::der() const { return parts_->der; }
const std::string& RevocationList::issuer() const { return parts_->issuer; }
const std::string& RevocationList::number_hex() const { return parts_->number_hex; }
WallTime RevocationList::this_update() const { return parts_->this_update; }
std::optional<WallTime> RevocationList::next_update() const { return parts_->next_update; }
size_t RevocationList::size() const { return parts_->serials.size(); }
Digest256 RevocationList::fingerprint() const { return Sha256(der()); }

bool RevocationList::IsCurrentAt(WallTime now) const {
  return parts_->this_update <= now && parts_->next_update && now <= *parts_->next_update;
}

bool RevocationList::Covers(bool authorities) const {
  return authorities ? parts_->scope.authorities : parts_->scope.others;
}

bool RevocationList::IsSignedBy(const Certificate& issuer, bool allow_sha1) const {
  X509_CRL* crl = parts_->crl.get();
  const X509_NAME* name = X509_get_subject_name(issuer.handle());
  if (X509_NAME_cmp(X509_CRL_get_issuer(crl), name) != 0) return false;
  const auto usage = issuer.key_usage();
  if (usage && (*usage & kCrlSign) == 0) return false;
  if (!HasStrongHash(crl) && !(allow_sha1 && HasSha1(crl))) return false;
  EVP_PKEY* key = X509_get0_pubkey(issuer.handle());
  const bool is_signed = key != nullptr && X509_CRL_verify(crl, key) == 1;
  openssl::ClearErrors();
  return is_signed;
}

bool RevocationList::Revokes(std::string_view serial_hex) const {
  return parts_->serials.contains(std::string(serial_hex));
}

}  // namespace preseal::crypto
