// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/endorsement.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "agent/adapters/tpm/loaded_key.h"
#include "agent/adapters/tpm/nv.h"
#include "agent/adapters/tpm/wire.h"
#include "common/base/limits.h"
#include "common/log/log.h"
#include "common/tpmwire/templates.h"

namespace preseal::agent {
namespace {

using tpmwire::EkKind;
using tpmwire::PublicArea;

struct Inventory {
  std::set<uint32_t> nv_indices;
  std::set<uint32_t> persistent;
};

struct Candidate {
  const EkKind* kind;
  bool has_certificate;
  bool is_persistent;
  // Without a certificate it is the EK's public key that a list or a vendor's service knows, and
  // they know the low range.
  bool is_known() const {
    return has_certificate || is_persistent || kind->nv_certificate <= tpmwire::kNvEkCertP256Low;
  }
  int rank() const { return has_certificate * 4 + is_persistent * 2 + is_known(); }
};

StatusOr<Inventory> TakeInventory(Link& link) {
  Inventory inventory;
  ASSIGN_OR_RETURN(inventory.nv_indices,
                   ListHandles(link, tpmwire::kNvEkCertRsa2048Low, tpmwire::kNvEkChainLast));
  ASSIGN_OR_RETURN(inventory.persistent,
                   ListHandles(link, tpmwire::kHandleEkRsa2048Low, tpmwire::kHandleEkP384High));
  return inventory;
}

// Best first; among equals the order of EkKinds.
std::vector<Candidate> Rank(const Inventory& inventory, std::string_view only) {
  std::vector<Candidate> candidates;
  for (const EkKind& kind : tpmwire::EkKinds()) {
    if (!only.empty() && only != kind.name) continue;
    candidates.push_back({&kind, inventory.nv_indices.contains(kind.nv_certificate),
                          inventory.persistent.contains(kind.handle)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.rank() > b.rank(); });
  return candidates;
}

// The EK Credential Profile lets a vendor keep a nonce, or a whole template, beside the certificate
// of a low-range EK; both override the default template.
StatusOr<PublicArea> TemplateOf(Link& link, const EkKind& kind, const Inventory& inventory) {
  PublicArea area = kind.make_template();
  if (kind.nv_certificate > tpmwire::kNvEkCertP256Low) return area;
  const uint32_t nonce_index = kind.nv_certificate + 1;
  const uint32_t template_index = kind.nv_certificate + 2;
  if (inventory.nv_indices.contains(template_index)) {
    ASSIGN_OR_RETURN(const Bytes bytes, ReadNv(link, template_index, kTpmStructureBytesMax));
    ASSIGN_OR_RETURN_CTX(area, tpmwire::ParsePublic(bytes), "EK template in the TPM's storage");
  }
  if (inventory.nv_indices.contains(nonce_index)) {
    auto* rsa = std::get_if<tpmwire::RsaKey>(&area.key);
    Bytes& unique = rsa != nullptr ? rsa->modulus : std::get<tpmwire::EccKey>(area.key).x;
    ASSIGN_OR_RETURN(const Bytes nonce, ReadNv(link, nonce_index, unique.size()));
    std::copy(nonce.begin(), nonce.end(), unique.begin());
  }
  return area;
}

// Nothing if what sits at the handle is no EK of this kind: that was seen on real machines.
StatusOr<std::unique_ptr<LoadedKey>> LoadPersistent(Link& link,
                                                    const std::shared_ptr<Connection>& connection,
                                                    const EkKind& kind,
                                                    const PublicArea& expected) {
  KeyRecipe recipe;
  recipe.persistent_handle = kind.handle;
  ASSIGN_OR_RETURN(auto key, LoadedKey::Load(link, connection, recipe, "load endorsement key"));
  const auto area = tpmwire::ParsePublic(key->public_area());
  if (area.ok() && tpmwire::MatchesTemplate(*area, expected)) return key;
  log::Warning("endorsement key handle holds another key",
               {{"handle", fmt::format("{:#010x}", kind.handle)}, {"kind", kind.name}});
  return std::unique_ptr<LoadedKey>();
}

StatusOr<std::unique_ptr<LoadedKey>> LoadEk(Link& link,
                                            const std::shared_ptr<Connection>& connection,
                                            const Candidate& candidate,
                                            const Inventory& inventory) {
  ASSIGN_OR_RETURN(const PublicArea area, TemplateOf(link, *candidate.kind, inventory));
  if (candidate.is_persistent) {
    ASSIGN_OR_RETURN(auto key, LoadPersistent(link, connection, *candidate.kind, area));
    if (key != nullptr) return key;
  }
  KeyRecipe recipe;
  recipe.hierarchy = ESYS_TR_RH_ENDORSEMENT;
  ASSIGN_OR_RETURN(recipe.key_template, ToTss(area));
  return LoadedKey::Load(link, connection, recipe, "create endorsement key");
}

StatusOr<std::vector<Bytes>> ReadChain(Link& link, const Inventory& inventory) {
  Bytes content;
  for (auto index = inventory.nv_indices.lower_bound(tpmwire::kNvEkChainFirst);
       index != inventory.nv_indices.end(); ++index) {
    const size_t left = kEkChainCertificatesMax * kEkCertificateBytesMax - content.size();
    ASSIGN_OR_RETURN(const Bytes part, ReadNv(link, *index, left));
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
                                            std::string_view kind) {
  ASSIGN_OR_RETURN(const Inventory inventory, TakeInventory(link));
  Status last = Internal("no endorsement key kind named " + std::string(kind));
  for (const Candidate& candidate : Rank(inventory, kind)) {
    auto key = LoadEk(link, connection, candidate, inventory);
    if (!key.ok()) {
      // A chip need not implement every kind; anything else would fail for the next one as well.
      last = key.status();
      if (last.code() != StatusCode::kUnimplemented) return last;
      continue;
    }
    EndorsementKey ek;
    ek.key = *std::move(key);
    if (candidate.has_certificate) {
      ek.nv_index = candidate.kind->nv_certificate;
      ASSIGN_OR_RETURN(ek.certificate, ReadNv(link, ek.nv_index, kEkCertificateBytesMax));
      ASSIGN_OR_RETURN(ek.chain, ReadChain(link, inventory));
    }
    return ek;
  }
  return last;
}

}  // namespace preseal::agent
