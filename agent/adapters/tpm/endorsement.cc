// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/endorsement.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "agent/adapters/tpm/loaded_key.h"
#include "agent/adapters/tpm/tpm_error.h"
#include "agent/adapters/tpm/wire.h"
#include "common/base/limits.h"
#include "common/log/log.h"
#include "common/tpmwire/templates.h"

namespace preseal::agent {
namespace {

using tpmwire::EkKind;
using tpmwire::PublicArea;

constexpr size_t kNonceCoordinateBytes = 32;  // the low range's curve is P-256

// Of one kind, with what is known before anything is read.
struct Candidate {
  const EkKind* kind;
  bool has_certificate;
  // Without a certificate it is the EK's public key that a list or a vendor's service knows, and
  // they know the low range.
  bool is_low() const { return kind->nv_certificate <= tpmwire::kNvEkCertP256Low; }
  int rank() const { return has_certificate ? 2 : is_low(); }
};

// Best first; among equals the order of EkKinds.
std::vector<Candidate> Rank(const EndorsementSearch& search) {
  std::vector<Candidate> candidates;
  for (const EkKind& kind : tpmwire::EkKinds()) {
    if (!search.only_kind.empty() && search.only_kind != kind.name) continue;
    candidates.push_back({&kind, search.inventory.nv_indices.contains(kind.nv_certificate)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.rank() > b.rank(); });
  // With a certificate comes before all others, also before a persistent key without.
  const auto bare = std::find_if(candidates.begin(), candidates.end(),
                                 [](const Candidate& c) { return !c.has_certificate; });
  if (bare != candidates.begin()) candidates.erase(bare, candidates.end());
  return candidates;
}

bool HasTemplateOfItsOwn(const EkKind& kind, const Inventory& inventory) {
  return inventory.nv_indices.contains(tpmwire::NvEkTemplate(kind)) ||
         inventory.nv_indices.contains(tpmwire::NvEkNonce(kind));
}

// The EK Credential Profile lets a vendor keep a template beside the certificate, and for the low
// range a nonce, which fills the unique field from its start, zeros behind it.
StatusOr<PublicArea> TemplateOf(Link& link, const EkKind& kind, const EndorsementSearch& search) {
  PublicArea area = kind.make_template();
  const auto& indices = search.inventory.nv_indices;
  if (const uint32_t index = tpmwire::NvEkTemplate(kind); indices.contains(index)) {
    ASSIGN_OR_RETURN(const Bytes bytes, ReadNv(link, index, kTpmStructureBytesMax, search.nv_step));
    ASSIGN_OR_RETURN_CTX(area, tpmwire::ParsePublic(bytes), "EK template in the TPM's storage");
  }
  if (const uint32_t index = tpmwire::NvEkNonce(kind); indices.contains(index)) {
    auto* rsa = std::get_if<tpmwire::RsaKey>(&area.key);
    Bytes& unique = rsa != nullptr ? rsa->modulus : std::get<tpmwire::EccKey>(area.key).x;
    unique.assign(rsa != nullptr ? rsa->key_bits / 8 : kNonceCoordinateBytes, 0);
    ASSIGN_OR_RETURN(const Bytes nonce, ReadNv(link, index, unique.size(), search.nv_step));
    std::copy(nonce.begin(), nonce.end(), unique.begin());
    if (rsa == nullptr) std::get<tpmwire::EccKey>(area.key).y.assign(kNonceCoordinateBytes, 0);
  }
  return area;
}

// Nothing if what sits at the handle is no EK of this kind: that was seen on real machines.
StatusOr<std::unique_ptr<LoadedKey>> LoadPersistent(Link& link,
                                                    const std::shared_ptr<Connection>& connection,
                                                    const EkKind& kind,
                                                    const EndorsementSearch& search) {
  KeyRecipe recipe;
  recipe.persistent_handle = kind.handle;
  ASSIGN_OR_RETURN(auto key, LoadedKey::Load(link, connection, recipe, "load endorsement key"));
  const auto area = tpmwire::ParsePublic(key->public_area());
  bool fits = area.ok() && tpmwire::MatchesTemplate(*area, kind.make_template());
  if (area.ok() && !fits && HasTemplateOfItsOwn(kind, search.inventory)) {
    ASSIGN_OR_RETURN(const PublicArea own, TemplateOf(link, kind, search));
    fits = tpmwire::MatchesTemplate(*area, own);
  }
  if (fits) return key;
  log::Warning("endorsement key handle holds another key",
               {{"handle", fmt::format("{:#010x}", kind.handle)}, {"kind", kind.name}});
  return std::unique_ptr<LoadedKey>();
}

// A key, and which candidate it is of.
struct Found {
  std::unique_ptr<LoadedKey> key;
  const Candidate* candidate = nullptr;
};

// The best candidate that is persistent; no key if none is.
StatusOr<Found> FindPersistent(Link& link, const std::shared_ptr<Connection>& connection,
                               const std::vector<Candidate>& candidates,
                               const EndorsementSearch& search) {
  std::optional<std::set<uint32_t>> in_use;  // asked for only when the first guess was wrong
  for (const Candidate& candidate : candidates) {
    if (in_use && !in_use->contains(candidate.kind->handle)) continue;
    auto key = LoadPersistent(link, connection, *candidate.kind, search);
    if (key.ok() && *key != nullptr) return Found{*std::move(key), &candidate};
    if (!key.ok() && !IsNoSuchHandle(link.last())) return key.status();
    if (!in_use && candidates.size() > 1) {
      ASSIGN_OR_RETURN(in_use,
                       ListHandles(link, tpmwire::kHandleEkRsa2048Low, tpmwire::kHandleEkP384High));
    }
  }
  return Found{};
}

// The best candidate the chip can make: it need not implement every kind.
StatusOr<Found> MakeAnew(Link& link, const std::shared_ptr<Connection>& connection,
                         const std::vector<Candidate>& candidates,
                         const EndorsementSearch& search) {
  Status last = Unimplemented("the TPM offers no endorsement key");
  for (const Candidate& candidate : candidates) {
    ASSIGN_OR_RETURN(const PublicArea area, TemplateOf(link, *candidate.kind, search));
    KeyRecipe recipe;
    recipe.hierarchy = ESYS_TR_RH_ENDORSEMENT;
    ASSIGN_OR_RETURN(recipe.key_template, ToTss(area));
    auto key = LoadedKey::Load(link, connection, recipe, "create endorsement key");
    if (key.ok()) return Found{*std::move(key), &candidate};
    last = key.status();
    // Anything else would fail for the next one as well.
    if (last.code() != StatusCode::kUnimplemented) return last;
  }
  return last;
}

StatusOr<std::vector<Bytes>> ReadChain(Link& link, const EndorsementSearch& search) {
  const auto& indices = search.inventory.nv_indices;
  Bytes content;
  for (auto index = indices.lower_bound(tpmwire::kNvEkChainFirst); index != indices.end();
       ++index) {
    const size_t left = kEkChainCertificatesMax * kEkCertificateBytesMax - content.size();
    ASSIGN_OR_RETURN(const Bytes part, ReadNv(link, *index, left, search.nv_step));
    content.insert(content.end(), part.begin(), part.end());
  }
  return SplitDer(content);
}

}  // namespace

std::vector<Bytes> SplitDer(ByteView content) {
  constexpr uint8_t kSequence = 0x30;
  std::vector<Bytes> parts;
  while (content.size() >= 4 && content[0] == kSequence && parts.size() < kEkChainCertificatesMax) {
    // Certificates are longer than 127 and shorter than 65536 bytes: length takes 1 or 2 bytes.
    size_t length = 0;
    if (content[1] == 0x81) {
      length = 3u + content[2];
    } else if (content[1] == 0x82) {
      length = 4u + (static_cast<size_t>(content[2]) << 8 | content[3]);
    }
    if (length == 0 || length > content.size()) break;
    parts.push_back(ToBytes(content.first(length)));
    content = content.subspan(length);
  }
  return parts;
}

StatusOr<EndorsementKey> FindEndorsementKey(Link& link,
                                            const std::shared_ptr<Connection>& connection,
                                            const EndorsementSearch& search) {
  const std::vector<Candidate> candidates = Rank(search);
  ASSIGN_OR_RETURN(Found found, FindPersistent(link, connection, candidates, search));
  if (found.key == nullptr) {
    ASSIGN_OR_RETURN(found, MakeAnew(link, connection, candidates, search));
  }
  EndorsementKey ek;
  ek.key = std::move(found.key);
  if (!found.candidate->has_certificate) return ek;
  const uint32_t index = found.candidate->kind->nv_certificate;
  auto certificate = ReadNv(link, index, kEkCertificateBytesMax, search.nv_step);
  // Defined and never written: the server decides about a chip without certificate.
  if (certificate.status().code() == StatusCode::kNotFound) return ek;
  ASSIGN_OR_RETURN(ek.certificate, std::move(certificate));
  ek.nv_index = index;
  ASSIGN_OR_RETURN(ek.chain, ReadChain(link, search));
  return ek;
}

}  // namespace preseal::agent
