// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/record_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "server/service/enrollment/order_code.h"

namespace preseal::server {
namespace {

Bytes OrEmpty(const std::optional<tpmwire::Sha256Digest>& digest) {
  return digest ? ToBytes(*digest) : Bytes();
}

std::optional<tpmwire::Sha256Digest> ToDigest(ByteView bytes) {
  tpmwire::Sha256Digest digest{};
  if (bytes.size() != digest.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

// NotFound is an answer here.
template <typename T>
StatusOr<std::optional<T>> Optional(StatusOr<T> found) {
  if (found.ok()) return std::optional<T>(*std::move(found));
  if (found.status().code() == StatusCode::kNotFound) return std::optional<T>();
  return found.status();
}

// Another device that showed this key before.
StatusOr<std::optional<std::string>> OtherDeviceOf(Tx& tx, SeenKeyKind kind, ByteView sha256,
                                                   const DeviceId& device) {
  ASSIGN_OR_RETURN(const auto first, Optional(tx.identities.DeviceOfKey(kind, sha256)));
  if (!first || *first == device) return std::optional<std::string>();
  return std::optional(first->text());
}

Status FillBinding(Tx& tx, const Device& device, const tpmwire::Sha256Digest& ek,
                   RecordFacts* facts) {
  ASSIGN_OR_RETURN(const auto holder, Optional(tx.devices.FindByEk(ek)));
  if (holder) facts->device_bound_to_ek = holder->id.text();
  ASSIGN_OR_RETURN(facts->ek_listed, tx.admission.IsListed(ek, device.batch));
  ASSIGN_OR_RETURN(const auto identities, tx.identities.Identities(device.id));
  if (!identities.empty() && !identities.back().end_time &&
      identities.back().ek_spki_sha256 == ToBytes(ek)) {
    facts->last_reset_count = identities.back().reset_count;
  }
  return OkStatus();
}

Status FillSeenKeys(Tx& tx, const Device& device, const EvidenceKeys& keys, RecordFacts* facts) {
  if (!keys.ak_name.empty()) {
    ASSIGN_OR_RETURN(facts->device_of_ak, OtherDeviceOf(tx, SeenKeyKind::kAttestationKey,
                                                        crypto::Sha256(keys.ak_name), device.id));
  }
  if (keys.tls_spki) {
    ASSIGN_OR_RETURN(facts->device_of_tls_key,
                     OtherDeviceOf(tx, SeenKeyKind::kDeviceKey, *keys.tls_spki, device.id));
  }
  return OkStatus();
}

// Firmware and option ROMs. The other PCRs differ between devices of one model: boot order, medium,
// keys; the event log's rules judge those.
constexpr bool IsGoldenPcr(uint32_t pcr) { return pcr == 0 || pcr == 2; }

// What two people approved for the device's model. A value of any approved boot is fine, so the
// boots of one bank become one set.
StatusOr<std::vector<GoldenSet>> ApprovedGolden(Tx& tx, const Device& device) {
  ASSIGN_OR_RETURN(const auto rows, tx.goldens.Goldens(device.manufacturer, device.model));
  std::map<uint16_t, GoldenSet> banks;
  for (const GoldenRow& row : rows) {
    if (row.state != GoldenState::kApproved) continue;
    for (const tpmwire::PcrValue& value : row.values) {
      if (!IsGoldenPcr(value.index)) continue;
      GoldenSet& set = banks[value.hash_algorithm];
      set.model = device.model;
      set.allowance.bank = value.hash_algorithm;
      set.allowance.values[value.index].insert(value.value);
    }
  }
  std::vector<GoldenSet> sets;
  for (auto& [bank, set] : banks) sets.push_back(std::move(set));
  return sets;
}

// The newest unused approval of another TPM for the record.
const EkProposal* ApprovedRebind(const std::vector<EkProposal>& proposals) {
  const EkProposal* newest = nullptr;
  for (const EkProposal& proposal : proposals) {
    if (proposal.kind != ProposalKind::kRebind || !proposal.approve_time || proposal.use_time) {
      continue;
    }
    if (newest == nullptr || *proposal.approve_time > *newest->approve_time) newest = &proposal;
  }
  return newest;
}

const EkProposal* FindVouch(const std::vector<EkProposal>& proposals, ByteView ek) {
  const auto it = std::find_if(proposals.begin(), proposals.end(), [&](const EkProposal& proposal) {
    return proposal.kind == ProposalKind::kVouch && std::ranges::equal(proposal.ek_spki_sha256, ek);
  });
  return it == proposals.end() ? nullptr : &*it;
}

// The id of a code that is good for the device now; empty if there is none.
StatusOr<std::string> GoodOrderCode(Tx& tx, const Device& device, std::string_view text,
                                    WallTime now) {
  const auto typed = ParseOrderCode(text);
  if (!typed) return std::string();
  ASSIGN_OR_RETURN(const auto stored, Optional(tx.admission.FindOrderCode(typed->code_id)));
  const bool good = stored && OrderCodeIsGood(*stored, typed->secret, device.batch, now);
  return good ? typed->code_id : std::string();
}

// Whether a person stands for this EK. An approval that was used stays good for the same TPM on the
// same record: a second enrolment needs no second code.
StatusOr<TokenState> TokenOf(const EkProposal* vouch, bool same_ek, std::string_view code_id) {
  if (vouch != nullptr && vouch->approve_time) {
    if (vouch->use_time && same_ek) return TokenState::kVouched;
    if (!vouch->use_time && !code_id.empty()) return TokenState::kVouched;
  }
  return code_id.empty() ? TokenState::kNone : TokenState::kWaiting;
}

Failure AttemptsExceeded(const Device& device) {
  const RefusalInfo* info = InfoOf(RefusalCode::kAttemptsExceeded);
  return {.code = std::string(info->name),
          .message = std::string(info->message),
          .remedy = std::string(info->remedy),
          .seen = fmt::format("{} refused, the last with {}", device.refused_attempts,
                              device.failure.code.empty() ? "no reason" : device.failure.code),
          .expected = fmt::format("at most {} refused attempts", kAttestationAttemptsMax)};
}

// Binds the EK to the record, as its first one or by the approval of a person.
Status BindEk(Tx& tx, const EvidenceKeys& keys, const AttestedFacts& facts, WallTime now,
              Device* device) {
  const Bytes ek = ToBytes(facts.ek_spki_sha256);
  ASSIGN_OR_RETURN(const auto holder, Optional(tx.devices.FindByEk(ek)));
  if (holder && holder->id != device->id) {
    return Aborted(fmt::format("this TPM enrolled as {} meanwhile", holder->id.text()));
  }
  ASSIGN_OR_RETURN(const auto proposals, tx.identities.Proposals(device->id));
  const EkProposal* approved = ApprovedRebind(proposals);
  if (approved != nullptr && approved->ek_spki_sha256 != ek) {
    return Aborted("a person approved another TPM for this record");
  }
  if (device->ek_spki_sha256 == ek) {
    ASSIGN_OR_RETURN(const auto identities, tx.identities.Identities(device->id));
    if (!identities.empty() && !identities.back().end_time) {
      return tx.identities.SetResetCount(device->id, facts.reset_count);
    }
  }
  DeviceIdentity identity{.device = device->id,
                          .ek_spki_sha256 = ek,
                          .ek_certificate_sha256 = OrEmpty(keys.ek_certificate),
                          .start_time = now,
                          .reset_count = facts.reset_count};
  if (!device->ek_spki_sha256.empty() && device->ek_spki_sha256 != ek) {
    if (approved == nullptr) {
      return Aborted("another TPM belongs to this record, and nobody approved this one");
    }
    EkProposal used = *approved;
    used.use_time = now;
    RETURN_IF_ERROR(tx.identities.PutProposal(used));
    RETURN_IF_ERROR(
        tx.identities.CloseIdentity(device->id, now, approved->approver, approved->reason));
    identity.approver = approved->approver;
    identity.reason = approved->reason;
    identity.note = approved->note;
  }
  device->ek_spki_sha256 = ek;
  return tx.identities.OpenIdentity(identity);
}

Status SeeKeys(Tx& tx, const EvidenceKeys& keys, WallTime now, const DeviceId& device) {
  const auto see = [&](SeenKeyKind kind, ByteView sha256) -> Status {
    RETURN_IF_ERROR(tx.identities.SeeKey(kind, sha256, device, now));
    ASSIGN_OR_RETURN(const DeviceId first, tx.identities.DeviceOfKey(kind, sha256));
    if (first == device) return OkStatus();
    return Aborted(fmt::format("{} showed this key meanwhile", first.text()));
  };
  if (!keys.ak_name.empty()) {
    RETURN_IF_ERROR(see(SeenKeyKind::kAttestationKey, crypto::Sha256(keys.ak_name)));
  }
  return keys.tls_spki ? see(SeenKeyKind::kDeviceKey, *keys.tls_spki) : OkStatus();
}

// A TPM that only a person stands for uses up its order code, once.
Status ConsumeVouch(Tx& tx, const AttestedFacts& facts, WallTime now, const Device& device) {
  const auto& models = facts.trust_models;
  if (std::find(models.begin(), models.end(), TrustModel::kToken) == models.end()) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const auto proposals, tx.identities.Proposals(device.id));
  const EkProposal* vouch = FindVouch(proposals, facts.ek_spki_sha256);
  if (vouch == nullptr || !vouch->approve_time) return Aborted("nobody vouches for this TPM");
  if (vouch->use_time) return OkStatus();
  ASSIGN_OR_RETURN(OrderCode code, tx.admission.FindOrderCode(vouch->order_code));
  if (code.uses_left == 0 || code.revoked) return Aborted("the order code was used up meanwhile");
  --code.uses_left;
  RETURN_IF_ERROR(tx.admission.PutOrderCode(code));
  EkProposal used = *vouch;
  used.use_time = now;
  return tx.identities.PutProposal(used);
}

}  // namespace

StatusOr<RecordFacts> RecordDesk::FactsFor(const Device& device, std::string_view station,
                                           const EvidenceKeys& keys, std::string_view order_code,
                                           WallTime now) {
  RecordFacts facts{.device_id = device.id.text(),
                    .station = std::string(station),
                    .manufacturer = device.manufacturer,
                    .model = device.model};
  std::string code_id;
  bool ask = false;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    // The record as it is now: a person may have approved or released since it was read.
    ASSIGN_OR_RETURN(const Device record, tx.devices.Get(device.id));
    facts.ek_bound_to_device = ToDigest(record.ek_spki_sha256);
    ASSIGN_OR_RETURN(const auto proposals, tx.identities.Proposals(record.id));
    if (const EkProposal* approved = ApprovedRebind(proposals)) {
      // From the approval on the record waits for that TPM; the old one is a stranger.
      facts.approved_ek = ToDigest(approved->ek_spki_sha256);
      facts.ek_bound_to_device = facts.approved_ek;
    }
    RETURN_IF_ERROR(FillSeenKeys(tx, record, keys, &facts));
    ASSIGN_OR_RETURN(facts.golden, ApprovedGolden(tx, record));
    if (!keys.ek_spki) return OkStatus();
    RETURN_IF_ERROR(FillBinding(tx, record, *keys.ek_spki, &facts));
    ASSIGN_OR_RETURN(facts.cached_ek_certificate, FindCachedEkCertificate(tx.trust, *keys.ek_spki));
    ASSIGN_OR_RETURN(code_id, GoodOrderCode(tx, record, order_code, now));
    const EkProposal* vouch = FindVouch(proposals, *keys.ek_spki);
    const bool same_ek = facts.ek_bound_to_device == keys.ek_spki;
    ASSIGN_OR_RETURN(facts.token, TokenOf(vouch, same_ek, code_id));
    ask = facts.token == TokenState::kWaiting;
    return OkStatus();
  }));
  if (ask) RETURN_IF_ERROR(AskForVouching(device, keys, code_id, now));
  return facts;
}

Status RecordDesk::AskForVouching(const Device& device, const EvidenceKeys& keys,
                                  std::string_view code_id, WallTime now) {
  return store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto proposals, tx.identities.Proposals(device.id));
    EkProposal proposal{.device = device.id,
                        .kind = ProposalKind::kVouch,
                        .ek_spki_sha256 = ToBytes(*keys.ek_spki),
                        .first_time = now};
    if (const EkProposal* earlier = FindVouch(proposals, *keys.ek_spki)) {
      // Somebody vouched since it was looked at, or long ago for a record this TPM has left.
      if (earlier->approve_time && !earlier->use_time) return OkStatus();
      proposal.first_time = earlier->first_time;
    }
    proposal.ek_certificate_sha256 = OrEmpty(keys.ek_certificate);
    proposal.code = std::string(NameOf(RefusalCode::kApprovalPending));
    proposal.order_code = std::string(code_id);
    proposal.last_time = now;
    return tx.identities.PutProposal(proposal);
  });
}

StatusOr<std::vector<GoldenRow>> RecordDesk::GoldenFor(const Device& device) {
  std::vector<GoldenRow> rows;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(rows, tx.goldens.Goldens(device.manufacturer, device.model));
    return OkStatus();
  }));
  return rows;
}

RefusalCode RecordDesk::AttemptBlock(const Device& device) {
  const std::string_view revoked = NameOf(RefusalCode::kDeviceRevoked);
  if (device.state == DeviceState::kBlocked && device.failure.code == revoked) {
    return RefusalCode::kDeviceRevoked;
  }
  return AttemptsLeft(device) == 0 ? RefusalCode::kAttemptsExceeded : RefusalCode::kNone;
}

uint32_t RecordDesk::AttemptsLeft(const Device& device) {
  return kAttestationAttemptsMax - std::min(device.refused_attempts, kAttestationAttemptsMax);
}

Status RecordDesk::NoteRefusal(Tx& tx, RefusalCode code, WallTime now, Device* device) {
  const RefusalInfo* info = InfoOf(code);
  if (info == nullptr || !info->counts || AttemptsLeft(*device) == 0) return OkStatus();
  ++device->refused_attempts;
  if (AttemptsLeft(*device) > 0) return OkStatus();
  const Failure failure = AttemptsExceeded(*device);
  const bool moved = Advance(LifecycleEvent::kAttemptsExceeded, now, device).ok();
  if (moved) device->failure = failure;
  return tx.audit.Record({.time = now,
                          .actor = "preseal",
                          .action = "device.attempts-exceeded",
                          .subject = "devices/" + device->id.text(),
                          .detail = failure.seen});
}

Status RecordDesk::NoteProposal(Tx& tx, RefusalCode code, const EvidenceKeys& keys,
                                const TpmLabel& tpm, WallTime now, const Device& device) {
  const bool other_tpm = code == RefusalCode::kEkChanged || code == RefusalCode::kEkAlreadyBound;
  if (!other_tpm || !keys.ek_spki) return OkStatus();
  EkProposal proposal{.device = device.id,
                      .kind = ProposalKind::kRebind,
                      .ek_spki_sha256 = ToBytes(*keys.ek_spki),
                      .first_time = now};
  ASSIGN_OR_RETURN(const auto proposals, tx.identities.Proposals(device.id));
  for (const EkProposal& earlier : proposals) {
    if (earlier.kind != proposal.kind || earlier.ek_spki_sha256 != proposal.ek_spki_sha256) {
      continue;
    }
    if (earlier.approve_time && !earlier.use_time) return OkStatus();  // a person was faster
    proposal.first_time = earlier.first_time;
  }
  proposal.ek_certificate_sha256 = OrEmpty(keys.ek_certificate);
  proposal.tpm_manufacturer = EscapeForLog(tpm.manufacturer, kNameBytesMax);
  proposal.tpm_model = EscapeForLog(tpm.model, kNameBytesMax);
  proposal.code = std::string(NameOf(code));
  proposal.last_time = now;
  return tx.identities.PutProposal(proposal);
}

Status RecordDesk::NoteAdmission(Tx& tx, const EvidenceKeys& keys, const AttestedFacts& facts,
                                 WallTime now, Device* device) {
  // The device may have been blocked or revoked while it proved itself.
  const RefusalCode block = AttemptBlock(*device);
  if (block != RefusalCode::kNone) {
    return Aborted(fmt::format("{}: {}", NameOf(block), InfoOf(block)->message));
  }
  RETURN_IF_ERROR(BindEk(tx, keys, facts, now, device));
  RETURN_IF_ERROR(SeeKeys(tx, keys, now, device->id));
  RETURN_IF_ERROR(ConsumeVouch(tx, facts, now, *device));
  device->refused_attempts = 0;
  return OkStatus();
}

}  // namespace preseal::server
