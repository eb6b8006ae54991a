// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/openssl_handles.h"

#include <fmt/format.h>
#include <openssl/err.h>

namespace preseal::crypto::openssl {
namespace {

std::string TakeNewestError() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no further detail";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:x}", code);
}

}  // namespace

Status Failure(std::string_view what) {
  return Internal(fmt::format("{}: {}", what, TakeNewestError()));
}

Status BadInput(std::string_view what) {
  return InvalidArgument(fmt::format("{}: {}", what, TakeNewestError()));
}

void ClearErrors() { ERR_clear_error(); }

BioOwner ReadBio(ByteView bytes) {
  // A null address is an error to OpenSSL even when nothing is to be read.
  const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data());
  return BioOwner(BIO_new_mem_buf(data, static_cast<int>(bytes.size())));
}

Bytes Contents(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  if (length <= 0) return {};
  return ToBytes(std::string_view(data, static_cast<size_t>(length)));
}

}  // namespace preseal::crypto::openssl
