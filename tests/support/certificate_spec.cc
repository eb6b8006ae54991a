// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "common/tpmwire/der.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::test {
namespace {

namespace der = tpmwire::der;

constexpr uint8_t kOctetString = 0x04;
constexpr uint8_t kBoolean = 0x01;
constexpr uint8_t kUtcTime = 0x17;
constexpr uint8_t kGeneralizedTime = 0x18;

Bytes Text(std::string_view text) { return der::Tlv(der::kUtf8String, AsBytes(text)); }
Bytes Attribute(std::string_view oid, std::string_view text) {
  return der::Sequence({Oid(oid), Text(text)});
}

Bytes Name(std::string_view common_name) {
  if (common_name.empty()) return der::Sequence({});
  return der::Sequence({der::Tlv(der::kSet, Attribute("2.5.4.3", common_name))});
}

Bytes Time(WallTime time, const std::string& spelled) {
  constexpr size_t kUtcTimeSize = 13;
  if (!spelled.empty()) {
    return der::Tlv(spelled.size() == kUtcTimeSize ? kUtcTime : kGeneralizedTime, AsBytes(spelled));
  }
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  return der::Tlv(kGeneralizedTime, AsBytes(fmt::format("{:%Y%m%d%H%M%S}Z", fmt::gmtime(seconds))));
}

Bytes Extensions(const std::vector<ExtensionSpec>& extensions) {
  Bytes all;
  for (const ExtensionSpec& extension : extensions) {
    const Bytes critical = extension.critical ? der::Tlv(kBoolean, Bytes{0xFF}) : Bytes();
    const Bytes one =
        der::Sequence({Oid(extension.oid), critical, der::Tlv(kOctetString, extension.value)});
    all.insert(all.end(), one.begin(), one.end());
  }
  return der::Tlv(0xA3, der::Tlv(der::kSequence, all));
}

Bytes BitString(ByteView content, uint8_t unused_bits = 0) {
  Bytes body = {unused_bits};
  body.insert(body.end(), content.begin(), content.end());
  return der::Tlv(der::kBitString, body);
}

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// crypto::PrivateKey rightly cannot sign with SHA-1.
Bytes SignWith(const EVP_MD* digest, ByteView message, const crypto::PrivateKey& key) {
  const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
  Bytes signature(128);
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.handle()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    std::abort();
  }
  signature.resize(size);
  return signature;
}

}  // namespace

Bytes Oid(std::string_view dotted) {
  std::vector<uint32_t> arcs;
  for (size_t at = 0; at <= dotted.size();) {
    const size_t end = std::min(dotted.find('.', at), dotted.size());
    arcs.push_back(static_cast<uint32_t>(std::stoul(std::string(dotted.substr(at, end - at)))));
    at = end + 1;
  }
  Bytes content;
  arcs[1] += 40 * arcs[0];
  for (size_t i = 1; i < arcs.size(); ++i) {
    Bytes arc = {static_cast<uint8_t>(arcs[i] & 0x7F)};
    for (uint32_t rest = arcs[i] >> 7; rest != 0; rest >>= 7) {
      arc.insert(arc.begin(), static_cast<uint8_t>(0x80 | (rest & 0x7F)));
    }
    content.insert(content.end(), arc.begin(), arc.end());
  }
  return der::Tlv(der::kOid, content);
}

ExtensionSpec& CertificateSpec::Extension(std::string_view oid) {
  for (ExtensionSpec& extension : extensions) {
    if (extension.oid == oid) return extension;
  }
  std::abort();
}

void CertificateSpec::Remove(std::string_view oid) {
  std::erase_if(extensions, [&](const ExtensionSpec& spec) { return spec.oid == oid; });
}

Bytes BuildCertificate(const CertificateSpec& spec, const crypto::PrivateKey& signer) {
  const Bytes algorithm =
      der::Sequence({Oid(spec.sha1 ? "1.2.840.10045.4.1" : "1.2.840.10045.4.3.2")});
  const Bytes version =
      der::Tlv(0xA0, der::Tlv(der::kInteger, Bytes{static_cast<uint8_t>(spec.version - 1)}));
  const Bytes tbs =
      der::Sequence({spec.version == 1 ? Bytes() : version, der::Tlv(der::kInteger, spec.serial),
                     algorithm, Name(spec.issuer),
                     der::Sequence({Time(spec.not_before, spec.spelled_not_before),
                                    Time(spec.not_after, spec.spelled_not_after)}),
                     Name(spec.subject), spec.spki,
                     spec.extensions.empty() ? Bytes() : Extensions(spec.extensions)});
  const EVP_MD* digest = spec.sha1 ? EVP_sha1() : EVP_sha256();
  return der::Sequence({tbs, algorithm, BitString(SignWith(digest, tbs, signer))});
}

Bytes BasicConstraints(bool is_ca) {
  return der::Sequence({is_ca ? der::Tlv(kBoolean, Bytes{0xFF}) : Bytes()});
}

Bytes KeyUsage(uint32_t bits) {
  uint8_t octet = 0;
  for (int bit = 0; bit < 8; ++bit) {
    if ((bits >> bit & 1) != 0) octet = static_cast<uint8_t>(octet | 0x80 >> bit);
  }
  uint8_t unused = 0;
  while (unused < 7 && (octet >> unused & 1) == 0) ++unused;
  return BitString(Bytes{octet}, unused);
}

Bytes ExtendedKeyUsage(std::string_view oid) { return der::Sequence({Oid(oid)}); }

Bytes TpmNames(std::string_view manufacturer, std::string_view model, std::string_view version) {
  const Bytes name = der::Sequence({der::Tlv(der::kSet, Attribute("2.23.133.2.1", manufacturer)),
                                    der::Tlv(der::kSet, Attribute("2.23.133.2.2", model)),
                                    der::Tlv(der::kSet, Attribute("2.23.133.2.3", version))});
  return der::Sequence({der::Tlv(0xA4, name)});
}

Bytes TpmSpecification(std::string_view family) {
  const Bytes level = der::Tlv(der::kInteger, Bytes{0});
  const Bytes revision = der::Tlv(der::kInteger, Bytes{0x00, 0x8A});
  const Bytes specification = der::Sequence({Text(family), level, revision});
  return der::Sequence({der::Sequence({Oid("2.23.133.2.16"), der::Tlv(der::kSet, specification)})});
}

}  // namespace preseal::test
