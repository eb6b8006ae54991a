// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/ek_certificate.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/tpmwire/der.h"
#include "common/tpmwire/reader.h"

namespace preseal::tpmwire {
namespace {

// TCG PC Client Specific Implementation Specification for Conventional BIOS,
// "TCG_PCCLIENT_STORED_CERT" and "TCG_FULL_CERT".
constexpr uint16_t kTagStoredCertificate = 0x1001;
constexpr uint8_t kFullCertificate = 0;
constexpr uint16_t kTagFullCertificate = 0x1002;

bool HasTcgHeader(ByteView content) {
  return content.size() >= 2 && content[0] == 0x10 && content[1] == 0x01;
}

// The bytes the header announces; what follows them is left to the padding rule.
StatusOr<ByteView> StripTcgHeader(ByteView content) {
  Reader reader(content);
  ASSIGN_OR_RETURN(const uint16_t tag, reader.U16("TCG header"));
  ASSIGN_OR_RETURN(const uint8_t kind, reader.U8("TCG header"));
  ASSIGN_OR_RETURN(const uint16_t size, reader.U16("TCG header"));
  if (tag != kTagStoredCertificate || kind != kFullCertificate || size < 2 ||
      size > reader.remaining()) {
    return InvalidArgument("TCG header: not a full certificate, or longer than the data");
  }
  ASSIGN_OR_RETURN(const uint16_t inner, reader.U16("TCG header"));
  if (inner != kTagFullCertificate) return InvalidArgument("TCG header: wrong inner tag");
  return content.subspan(content.size() - reader.remaining());
}

}  // namespace

StatusOr<NvCertificate> UnwrapNvCertificate(ByteView nv_content) {
  if (nv_content.empty()) return InvalidArgument("NV content: empty");
  if (nv_content.size() > kEkCertificateBytesMax) {
    return InvalidArgument(fmt::format("NV content: {} bytes, at most {} allowed",
                                       nv_content.size(), kEkCertificateBytesMax));
  }
  NvCertificate certificate;
  ByteView rest = nv_content;
  if (HasTcgHeader(nv_content)) {
    ASSIGN_OR_RETURN(rest, StripTcgHeader(nv_content));
    certificate.had_tcg_header = true;
  }
  ASSIGN_OR_RETURN_CTX(const der::Element outer, der::Take(rest, der::kSequence), "NV content");
  certificate.der = outer.whole;
  certificate.padding_bytes = rest.size();
  if (!rest.empty()) {
    certificate.padding_value = rest[0];
    if (!std::all_of(rest.begin(), rest.end(), [&](uint8_t byte) { return byte == rest[0]; })) {
      return InvalidArgument(
          fmt::format("NV content: {} mixed bytes after the certificate", rest.size()));
    }
  }
  return certificate;
}

}  // namespace preseal::tpmwire
