// SPDX-License-Identifier: Apache-2.0
#include "server/cli/ek_file.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"

namespace preseal::server::cli {
namespace {

constexpr size_t kDigestHex = 64;

// Collects keys, each once.
class Keys {
 public:
  Status Add(Bytes key) {
    if (!seen_.insert(key).second) return OkStatus();
    if (seen_.size() > kImportRowsMax) {
      return InvalidArgument(fmt::format("more than {} keys: split the file", kImportRowsMax));
    }
    keys_.push_back(std::move(key));
    return OkStatus();
  }
  StatusOr<std::vector<Bytes>> Finish() && {
    if (keys_.empty()) return InvalidArgument("no endorsement key in the file");
    return std::move(keys_);
  }

 private:
  std::set<Bytes> seen_;
  std::vector<Bytes> keys_;
};

StatusOr<Bytes> PublicKeyDigest(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  if (bio == nullptr) return ResourceExhausted("out of memory");
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (key == nullptr) return InvalidArgument("a public key in the file cannot be read");
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  const std::unique_ptr<uint8_t, void (*)(uint8_t*)> owner(der,
                                                           [](uint8_t* p) { OPENSSL_free(p); });
  if (size <= 0) return InvalidArgument("a public key in the file cannot be read");
  return ToBytes(crypto::Sha256(ByteView(der, static_cast<size_t>(size))));
}

StatusOr<Bytes> BlockDigest(std::string_view block, std::string_view label) {
  if (label == "PUBLIC KEY") return PublicKeyDigest(block);
  if (label != "CERTIFICATE") {
    return InvalidArgument(
        fmt::format("a block \"{}\" is neither a certificate nor a public key", label));
  }
  ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromPem(block));
  return ToBytes(certificate.spki_sha256());
}

StatusOr<std::vector<Bytes>> ReadPem(std::string_view content) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  Keys keys;
  for (size_t at = content.find(kBegin); at != std::string_view::npos;
       at = content.find(kBegin, at)) {
    const size_t label_end = content.find(kDashes, at + kBegin.size());
    if (label_end == std::string_view::npos) return InvalidArgument("a PEM block is cut off");
    const auto label = content.substr(at + kBegin.size(), label_end - at - kBegin.size());
    const std::string end_mark = fmt::format("-----END {}-----", label);
    const size_t end = content.find(end_mark, label_end);
    if (end == std::string_view::npos) return InvalidArgument("a PEM block is cut off");
    const size_t size = end + end_mark.size() - at;
    ASSIGN_OR_RETURN(Bytes digest, BlockDigest(content.substr(at, size), label));
    RETURN_IF_ERROR(keys.Add(std::move(digest)));
    at += size;
  }
  return std::move(keys).Finish();
}

// The digests among the fields of a line.
std::vector<Bytes> DigestsIn(std::string_view line) {
  std::vector<Bytes> digests;
  constexpr std::string_view kSeparators = ",;\t \"\r";
  for (size_t at = 0; at < line.size();) {
    const size_t start = line.find_first_not_of(kSeparators, at);
    if (start == std::string_view::npos) break;
    const size_t end = std::min(line.find_first_of(kSeparators, start), line.size());
    if (end - start == kDigestHex) {
      auto digest = FromHex(line.substr(start, end - start));
      if (digest.ok()) digests.push_back(*std::move(digest));
    }
    at = end;
  }
  return digests;
}

StatusOr<std::vector<Bytes>> ReadLines(std::string_view content) {
  Keys keys;
  size_t number = 0;
  bool heading_allowed = true;
  while (!content.empty()) {
    const size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    ++number;
    const bool empty = line.find_first_not_of(" \t\r,;") == std::string_view::npos;
    if (empty || line.front() == '#') continue;
    std::vector<Bytes> digests = DigestsIn(line);
    const bool heading = std::exchange(heading_allowed, false) && digests.empty();
    if (heading) continue;
    if (digests.size() != 1) {
      return InvalidArgument(fmt::format("line {} holds {} digests of 64 hex digits, not one",
                                         number, digests.size()));
    }
    RETURN_IF_ERROR(keys.Add(std::move(digests.front())));
  }
  return std::move(keys).Finish();
}

}  // namespace

StatusOr<std::vector<Bytes>> ReadEkFile(std::string_view content) {
  if (content.find("-----BEGIN ") != std::string_view::npos) return ReadPem(content);
  if (!content.empty() && content.front() == '\x30' &&
      content.find('\0') != std::string_view::npos) {
    ASSIGN_OR_RETURN_CTX(const auto certificate, crypto::Certificate::FromDer(AsBytes(content)),
                         "EK certificate");
    return std::vector<Bytes>{ToBytes(certificate.spki_sha256())};
  }
  return ReadLines(content);
}

}  // namespace preseal::server::cli
