// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/base/limits.h"
#include "common/crypto/certificate_parts.h"
#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {
namespace {

struct PemBlock {
  std::string name;
  bool has_headers = false;
  Bytes data;
};

// The next block of `bio`; nullopt at the end.
StatusOr<std::optional<PemBlock>> NextPemBlock(BIO* bio) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  ERR_clear_error();
  if (PEM_read_bio(bio, &name, &header, &data, &length) != 1) {
    const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!end) return openssl::BadInput("PEM block does not parse");
    openssl::ClearErrors();
    return std::optional<PemBlock>();
  }
  const openssl::MemoryOwner name_owner(name);
  const openssl::MemoryOwner header_owner(header);
  const openssl::MemoryOwner data_owner(data);
  PemBlock block;
  block.name = name;
  block.has_headers = header[0] != '\0';
  block.data = ToBytes(ByteView(data, static_cast<size_t>(length)));
  return std::optional<PemBlock>(std::move(block));
}

}  // namespace

StatusOr<Certificate> Certificate::FromDer(ByteView der) {
  if (der.size() > kCertificateBytesMax) return InvalidArgument("certificate is too large");
  const unsigned char* next = der.data();
  openssl::X509Owner x509(d2i_X509(nullptr, &next, static_cast<long>(der.size())));
  if (!x509) return openssl::BadInput("certificate does not parse");
  if (next != der.data() + der.size()) return InvalidArgument("bytes follow the certificate");
  auto parts = std::make_shared<Parts>();
  parts->der = ToBytes(der);
  RETURN_IF_ERROR_CTX(ReadParts(x509.get(), parts.get()), "certificate");
  // An undecodable key is no reason to refuse reading; ReadParts may have left its error texts.
  openssl::ClearErrors();
  parts->x509 = std::move(x509);
  return Certificate(std::move(parts));
}

StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  ASSIGN_OR_RETURN(auto certificates, ParsePemBundle(pem));
  if (certificates.size() != 1) {
    return InvalidArgument(fmt::format("{} certificates where one belongs", certificates.size()));
  }
  return std::move(certificates[0]);
}

std::string Certificate::ToPem() const {
  const openssl::BioOwner bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), handle()) != 1) return {};
  return preseal::ToString(openssl::Contents(bio.get()));
}

const Bytes& Certificate::der() const { return parts_->der; }
const std::string& Certificate::subject() const { return parts_->subject; }
const std::string& Certificate::issuer() const { return parts_->issuer; }
const Bytes& Certificate::subject_der() const { return parts_->subject_der; }
const Bytes& Certificate::issuer_der() const { return parts_->issuer_der; }
const std::string& Certificate::common_name() const { return parts_->common_name; }
const std::string& Certificate::serial_hex() const { return parts_->serial_hex; }
WallTime Certificate::not_before() const { return parts_->not_before; }
WallTime Certificate::not_after() const { return parts_->not_after; }
const std::vector<std::string>& Certificate::dns_names() const { return parts_->dns_names; }
const std::vector<std::string>& Certificate::uris() const { return parts_->uris; }
const std::vector<std::string>& Certificate::ip_addresses() const { return parts_->ip_addresses; }
bool Certificate::is_ca() const { return parts_->is_ca; }
std::optional<int64_t> Certificate::path_length_max() const { return parts_->path_length_max; }
std::optional<uint32_t> Certificate::key_usage() const { return parts_->key_usage; }
const std::vector<std::string>& Certificate::extended_key_usages() const {
  return parts_->extended_key_usages;
}
const std::vector<std::string>& Certificate::policies() const { return parts_->policies; }
const std::vector<Extension>& Certificate::extensions() const { return parts_->extensions; }
const Bytes& Certificate::spki_der() const { return parts_->spki_der; }
Digest256 Certificate::spki_sha256() const { return Sha256(spki_der()); }
Digest256 Certificate::fingerprint() const { return Sha256(der()); }
x509_st* Certificate::handle() const { return parts_->x509.get(); }

const Extension* Certificate::FindExtension(std::string_view oid) const {
  for (const Extension& extension : extensions()) {
    if (extension.oid == oid) return &extension;
  }
  return nullptr;
}

StatusOr<PublicKey> Certificate::public_key() const {
  EVP_PKEY* key = X509_get_pubkey(handle());
  if (key == nullptr) return openssl::BadInput("certificate's public key does not decode");
  return PublicKey::FromHandle(std::shared_ptr<EVP_PKEY>(key, openssl::Free<EVP_PKEY_free>()));
}

bool Certificate::IsSignedBy(const Certificate& issuer) const {
  EVP_PKEY* issuer_key = X509_get0_pubkey(issuer.handle());
  const bool is_signed = issuer_key != nullptr &&
                         X509_check_issued(issuer.handle(), handle()) == X509_V_OK &&
                         X509_verify(handle(), issuer_key) == 1;
  openssl::ClearErrors();
  return is_signed;
}

StatusOr<std::vector<Certificate>> ParsePemBundle(std::string_view pem) {
  if (pem.size() > kPemBundleBytesMax) return InvalidArgument("PEM bundle is too large");
  const auto bio = openssl::ReadBio(AsBytes(pem));
  if (!bio) return openssl::Failure("read a PEM bundle");
  std::vector<Certificate> certificates;
  for (;;) {
    const std::string context = fmt::format("PEM block {}", certificates.size() + 1);
    ASSIGN_OR_RETURN_CTX(const auto block, NextPemBlock(bio.get()), context);
    if (!block.has_value()) break;
    if (block->name != "CERTIFICATE" || block->has_headers) {
      return InvalidArgument(fmt::format("{}: not a plain CERTIFICATE", context));
    }
    ASSIGN_OR_RETURN_CTX(auto certificate, Certificate::FromDer(block->data), context);
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty()) return InvalidArgument("no certificate in PEM form");
  return certificates;
}

std::string ToPemBundle(const std::vector<Certificate>& certificates) {
  std::string pem;
  for (const Certificate& certificate : certificates) pem += certificate.ToPem();
  return pem;
}

}  // namespace preseal::crypto
