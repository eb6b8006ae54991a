// SPDX-License-Identifier: Apache-2.0
#include "agent/service/enrollment/enroll.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/service/enrollment/enroll_progress.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"

namespace preseal::agent {
namespace {

constexpr uint32_t kProtocolVersion = 1;
// Refusals that change what the next pass does (docs/formats.md, "Refusal codes").
constexpr char kReplayMismatch[] = "EVENTLOG_REPLAY_MISMATCH";
constexpr char kSessionUnknown[] = "SESSION_UNKNOWN";

// Everything of D1 that does not depend on the challenge.
struct Material {
  DeviceClaims claims;
  Bytes event_log;
  EndorsementKey ek;
  std::unique_ptr<TpmKey> ak;
  std::unique_ptr<TpmKey> device_key;
};

StatusOr<DeviceClaims> GatherClaims(const EnrollPorts& ports, const EnrollSettings& settings) {
  DeviceClaims claims;
  ASSIGN_OR_RETURN_CTX(MachineFacts facts, ports.machine.ReadFacts(), "read machine facts");
  claims.serial_number = std::move(facts.serial_number);
  claims.manufacturer = std::move(facts.manufacturer);
  claims.model = std::move(facts.model);
  claims.system_uuid = std::move(facts.system_uuid);
  claims.mac_addresses = std::move(facts.mac_addresses);
  claims.agent_version = settings.agent_version;
  claims.slot = settings.slot;
  claims.sku = std::move(facts.sku);
  claims.order_code = settings.order_code;
  ASSIGN_OR_RETURN(claims.tpm, ports.tpm.ReadProperties());
  return claims;
}

StatusOr<Material> Prepare(const EnrollPorts& ports, const EnrollSettings& settings) {
  Material material;
  ports.display.ShowActivity("Reading the TPM");
  ASSIGN_OR_RETURN(material.claims, GatherClaims(ports, settings));
  ASSIGN_OR_RETURN_CTX(material.event_log, ports.machine.ReadEventLog(), "read event log");
  ASSIGN_OR_RETURN_CTX(const KeyUniques uniques, ports.store.LoadOrCreateUniques(),
                       "prepare TPM keys");
  const EnrollProgress progress(ports.display, "Creating TPM keys; this can take a minute");
  ASSIGN_OR_RETURN(material.ek, ports.tpm.ReadEndorsementKey());
  ASSIGN_OR_RETURN(material.ak, ports.tpm.CreateAk(uniques.ak));
  ASSIGN_OR_RETURN(material.device_key, ports.tpm.CreateDeviceKey(uniques.device_key));
  return material;
}

// A bank the chip lacks would fail the whole quote. The two that every TPM of a PC has are asked
// for in any case: a chip that denies them is not let off.
tpmwire::PcrSelections Quotable(const tpmwire::PcrSelections& asked,
                                const std::vector<uint16_t>& implemented) {
  tpmwire::PcrSelections out;
  for (const tpmwire::PcrSelection& bank : asked) {
    const bool always = bank.hash_algorithm == static_cast<uint16_t>(tpmwire::HashAlg::kSha1) ||
                        bank.hash_algorithm == static_cast<uint16_t>(tpmwire::HashAlg::kSha256);
    const bool there =
        std::find(implemented.begin(), implemented.end(), bank.hash_algorithm) != implemented.end();
    if (always || there) out.push_back(bank);
  }
  return out;
}

Status CheckChallenge(const EnrollmentChallenge& challenge) {
  if (challenge.protocol_version != kProtocolVersion) {
    return Internal(
        fmt::format("server speaks enrolment version {}, this agent {}: update the "
                    "imaging medium",
                    challenge.protocol_version, kProtocolVersion));
  }
  // A short nonce would let an old quote serve again.
  if (challenge.session_id.size() != kSessionIdBytes || challenge.nonce.size() != kNonceBytes) {
    return Internal("server sent a malformed challenge");
  }
  return OkStatus();
}

StatusOr<Bytes> NameOfKey(const TpmKey& key) {
  ASSIGN_OR_RETURN(const tpmwire::PublicArea area, tpmwire::ParsePublic(key.public_area()));
  return tpmwire::NameOf(area);
}

StatusOr<tpmwire::Sha256Digest> Bind(const EnrollmentPass& pass, const Material& material,
                                     ByteView claims) {
  ASSIGN_OR_RETURN(const Bytes ak_name, NameOfKey(*material.ak));
  ASSIGN_OR_RETURN(const Bytes device_key_name, NameOfKey(*material.device_key));
  const tpmwire::Sha256Digest server_leaf = tpmwire::Sha256({pass.server_certificate()});
  return tpmwire::ComputeBinding({
      .session_id = pass.challenge().session_id,
      .nonce = pass.challenge().nonce,
      .server_leaf_sha256 = server_leaf,
      .ek_public = material.ek.key->public_area(),
      .ek_certificate = material.ek.certificate,
      .ak_name = ak_name,
      .device_key_name = device_key_name,
      .event_log = material.event_log,
      .claims = claims,
  });
}

StatusOr<EnrollmentEvidence> GatherEvidence(TpmPort& tpm, const EnrollmentPass& pass,
                                            const Material& material, bool send_pcr_values) {
  ASSIGN_OR_RETURN_CTX(const auto asked, CheckPcrs(pass.challenge().pcrs), "challenge");
  const auto pcrs = Quotable(asked, material.claims.tpm.implemented_banks);
  EnrollmentEvidence evidence;
  evidence.claims = pass.EncodeClaims(material.claims);
  ASSIGN_OR_RETURN(const auto binding, Bind(pass, material, evidence.claims));
  evidence.ek_certificate = material.ek.certificate;
  evidence.ek_nv_index = material.ek.nv_index;
  evidence.ek_chain = material.ek.chain;
  evidence.ek_public = material.ek.key->public_area();
  evidence.ak_public = material.ak->public_area();
  evidence.device_key_public = material.device_key->public_area();
  evidence.event_log = material.event_log;
  ASSIGN_OR_RETURN(evidence.certify, tpm.Certify(*material.device_key, *material.ak,
                                                 tpmwire::CertifyQualifyingData(binding)));
  ASSIGN_OR_RETURN(evidence.quote,
                   tpm.Quote(*material.ak, tpmwire::QuoteQualifyingData(binding), pcrs));
  // A log explains the PCRs by itself; reading them costs three commands and more.
  if (material.event_log.empty() || send_pcr_values) {
    ASSIGN_OR_RETURN(evidence.pcr_values, tpm.ReadPcrs(pcrs));
  }
  return evidence;
}

// A server that mixed up two enrolments would otherwise leave us with an identity that fails at the
// first handshake, without a reason.
Status CheckCertifiesKey(const crypto::Certificate& certificate, const TpmKey& device_key) {
  ASSIGN_OR_RETURN(const tpmwire::PublicArea area, tpmwire::ParsePublic(device_key.public_area()));
  ASSIGN_OR_RETURN(const crypto::PublicKey ours, tpmwire::ToPublicKey(area));
  ASSIGN_OR_RETURN(const crypto::PublicKey certified, certificate.public_key());
  if (certified.Equals(ours)) return OkStatus();
  return Internal("server sent a certificate for another key");
}

StatusOr<DeviceIdentity> ToIdentity(const Admission& admission, const TpmKey& device_key,
                                    const EnrollmentPass& pass) {
  DeviceIdentity identity;
  RETURN_IF_ERROR_CTX(DeviceId::Check(admission.device_id), "server's admission");
  identity.device_id = admission.device_id;
  identity.lab = admission.lab;
  identity.quarantined = admission.quarantined;
  ASSIGN_OR_RETURN_CTX(const auto leaf, crypto::Certificate::FromDer(admission.certificate),
                       "device certificate");
  RETURN_IF_ERROR(CheckCertifiesKey(leaf, device_key));
  std::vector<crypto::Certificate> chain = {leaf};
  for (const Bytes& der : admission.certificate_chain) {
    ASSIGN_OR_RETURN_CTX(auto issuer, crypto::Certificate::FromDer(der), "device CA certificate");
    chain.push_back(std::move(issuer));
  }
  identity.certificate_chain_pem = crypto::ToPemBundle(chain);
  ASSIGN_OR_RETURN_CTX(const auto server, crypto::Certificate::FromDer(pass.server_certificate()),
                       "server certificate");
  identity.server_names = server.dns_names();
  const auto& addresses = server.ip_addresses();
  identity.server_names.insert(identity.server_names.end(), addresses.begin(), addresses.end());
  return identity;
}

// D3: only a TPM that holds both EK and AK can open the credential.
StatusOr<tpmwire::Sha256Digest> Prove(TpmPort& tpm, const Material& material,
                                      const EnrollmentPass& pass, const EvidenceReply& reply,
                                      const ActivationOrder& order) {
  ASSIGN_OR_RETURN(const Secret secret,
                   tpm.ActivateCredential(*material.ak, material.ek, order.credential_blob,
                                          order.encrypted_secret));
  const auto transcript =
      tpmwire::TranscriptHash(pass.challenge().raw, reply.evidence_raw, order.raw);
  return tpmwire::ComputeProof(secret, transcript);
}

// What to do with S4, however it was obtained.
StatusOr<EnrollmentOutcome> Conclude(const EnrollPorts& ports, const EnrollmentPass& pass,
                                     const TpmKey& device_key,
                                     std::variant<Admission, EnrollmentRefusal> result,
                                     EnrollmentMemory& memory) {
  const EnrollmentMemory before = std::exchange(memory, {});
  if (auto* refusal = std::get_if<EnrollmentRefusal>(&result)) {
    memory.send_pcr_values = refusal->code == kReplayMismatch;
    memory.refused = true;
    return std::move(*refusal);
  }
  ports.display.ShowActivity("Storing the device certificate");
  ASSIGN_OR_RETURN(DeviceIdentity identity,
                   ToIdentity(std::get<Admission>(result), device_key, pass));
  // The key first: an identity whose key is not there would fail at the first handshake, whereas a
  // key without identity is found again by the next pass.
  // Until both are done the result may be needed again, and asking costs no second certificate.
  memory.unanswered = before.unanswered;
  ASSIGN_OR_RETURN(identity.device_key_handle, ports.tpm.PersistDeviceKey(device_key));
  RETURN_IF_ERROR_CTX(ports.store.Save(identity), "store identity");
  memory.unanswered.reset();
  return identity;
}

StatusOr<EnrollmentOutcome> RunPass(const EnrollPorts& ports, const EnrollSettings& settings,
                                    EnrollmentMemory& memory) {
  ASSIGN_OR_RETURN(Material material, Prepare(ports, settings));
  material.claims.repeated = memory.refused;
  ports.display.ShowActivity("Contacting the enrolment server");
  ASSIGN_OR_RETURN(const auto pass, ports.channel.Begin());
  RETURN_IF_ERROR(CheckChallenge(pass->challenge()));

  ports.display.ShowActivity(settings.order_code.empty()
                                 ? "Proving the TPM to the server"
                                 : "Proving the TPM to the server, with an order code");
  ASSIGN_OR_RETURN(const EnrollmentEvidence evidence,
                   GatherEvidence(ports.tpm, *pass, material, memory.send_pcr_values));
  ASSIGN_OR_RETURN(EvidenceReply reply, pass->SendEvidence(evidence));
  if (auto* refusal = std::get_if<EnrollmentRefusal>(&reply.answer)) {
    return Conclude(ports, *pass, *material.device_key, std::move(*refusal), memory);
  }
  ASSIGN_OR_RETURN(const auto proof, Prove(ports.tpm, material, *pass, reply,
                                           std::get<ActivationOrder>(reply.answer)));
  memory.unanswered = {pass->challenge().session_id, Bytes(proof.begin(), proof.end())};
  ASSIGN_OR_RETURN(auto result, pass->SendProof(proof));
  // They have done their part, and small chips need their slots to look at a persistent key.
  material.ak.reset();
  material.ek.key.reset();
  return Conclude(ports, *pass, *material.device_key, std::move(result), memory);
}

// Nothing if the server does not know the pass any more.
StatusOr<std::optional<EnrollmentOutcome>> AskForResult(const EnrollPorts& ports,
                                                        EnrollmentMemory& memory) {
  ports.display.ShowActivity("Asking the server for the result");
  const EnrollmentMemory::Unanswered asked = *memory.unanswered;
  ASSIGN_OR_RETURN(const auto pass, ports.channel.Begin());
  RETURN_IF_ERROR(CheckChallenge(pass->challenge()));
  ASSIGN_OR_RETURN(auto result, pass->Resume(asked.session_id, asked.proof));
  const auto* refusal = std::get_if<EnrollmentRefusal>(&result);
  if (refusal != nullptr && refusal->code == kSessionUnknown) {
    memory.unanswered.reset();
    return std::optional<EnrollmentOutcome>();
  }
  ASSIGN_OR_RETURN_CTX(const KeyUniques uniques, ports.store.LoadOrCreateUniques(),
                       "prepare TPM keys");
  ASSIGN_OR_RETURN(const auto device_key, ports.tpm.CreateDeviceKey(uniques.device_key));
  ASSIGN_OR_RETURN(auto outcome, Conclude(ports, *pass, *device_key, std::move(result), memory));
  return std::optional<EnrollmentOutcome>(std::move(outcome));
}

}  // namespace

StatusOr<EnrollmentOutcome> Enroll(const EnrollPorts& ports, const EnrollSettings& settings,
                                   EnrollmentMemory& memory) {
  if (memory.unanswered) {
    ASSIGN_OR_RETURN(auto outcome, AskForResult(ports, memory));
    if (outcome) return *std::move(outcome);
  }
  return RunPass(ports, settings, memory);
}

StatusOr<SignedStatement> TakeSealQuote(TpmPort& tpm, IdentityStore& store, ByteView nonce,
                                        std::span<const PcrMask> pcrs) {
  if (nonce.size() != kNonceBytes) {
    return InvalidArgument(fmt::format("seal quote: nonce must have {} bytes", kNonceBytes));
  }
  ASSIGN_OR_RETURN_CTX(const auto selections, CheckPcrs(pcrs), "seal quote");
  ASSIGN_OR_RETURN_CTX(const KeyUniques uniques, store.LoadOrCreateUniques(), "seal quote");
  ASSIGN_OR_RETURN(const auto ak, tpm.CreateAk(uniques.ak));
  return tpm.Quote(*ak, nonce, selections);
}

StatusOr<KeyAttestation> AttestDeviceKey(TpmPort& tpm, IdentityStore& store,
                                         uint32_t device_key_handle,
                                         const tpmwire::Sha256Digest& binding,
                                         std::span<const PcrMask> pcrs) {
  ASSIGN_OR_RETURN_CTX(const auto selections, CheckPcrs(pcrs), "attest device key");
  ASSIGN_OR_RETURN_CTX(const KeyUniques uniques, store.LoadOrCreateUniques(), "attest device key");
  ASSIGN_OR_RETURN(const auto device_key, tpm.LoadDeviceKey(device_key_handle));
  ASSIGN_OR_RETURN(const auto ak, tpm.CreateAk(uniques.ak));
  KeyAttestation out;
  out.ak_public = ak->public_area();
  out.device_key_public = device_key->public_area();
  ASSIGN_OR_RETURN(out.certify,
                   tpm.Certify(*device_key, *ak, tpmwire::CertifyQualifyingData(binding)));
  ASSIGN_OR_RETURN(out.quote, tpm.Quote(*ak, tpmwire::QuoteQualifyingData(binding), selections));
  return out;
}

}  // namespace preseal::agent
