// SPDX-License-Identifier: Apache-2.0
#include "server/wire/evidence_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/limits.h"
#include "preseal/enrollment/v1/enrollment.pb.h"
#include "server/wire/wire_time.h"

namespace preseal::server {
namespace {

namespace ev1 = enrollment::v1;
constexpr uint32_t kProtocolVersion = 1;
constexpr int kBanksMax = 16;  // TPM 2.0 defines nine hash algorithms

Status CheckField(const std::string& value, std::string_view field, size_t bytes_max) {
  if (value.size() <= bytes_max) return OkStatus();
  return ResourceExhausted(
      fmt::format("evidence field {} is longer than {} bytes", field, bytes_max));
}

Status CheckLimits(const ev1::Evidence& in) {
  RETURN_IF_ERROR(CheckField(in.ek_certificate(), "ek_certificate", kEkCertificateBytesMax));
  if (in.ek_chain_size() > static_cast<int>(kEkChainCertificatesMax)) {
    return ResourceExhausted("evidence field ek_chain has too many certificates");
  }
  for (const std::string& certificate : in.ek_chain()) {
    RETURN_IF_ERROR(CheckField(certificate, "ek_chain", kEkCertificateBytesMax));
  }
  for (const auto& [field, value] :
       {std::pair<const char*, const std::string&>{"ek_public", in.ek_public()},
        {"ak_public", in.ak_public()},
        {"device_key_public", in.device_key_public()},
        {"certify_attest", in.certify_attest()},
        {"certify_signature", in.certify_signature()},
        {"quote_attest", in.quote_attest()},
        {"quote_signature", in.quote_signature()}}) {
    RETURN_IF_ERROR(CheckField(value, field, kTpmStructureBytesMax));
  }
  if (in.pcr_values_size() > static_cast<int>(kPcrValuesMax)) {
    return ResourceExhausted("evidence field pcr_values has too many values");
  }
  return CheckField(in.event_log(), "event_log", kEventLogBytesMax);
}

Status CheckLimits(const ev1::DeviceClaims& in) {
  RETURN_IF_ERROR(CheckField(in.serial_number(), "serial_number", kNameBytesMax));
  RETURN_IF_ERROR(CheckField(in.manufacturer(), "manufacturer", kNameBytesMax));
  RETURN_IF_ERROR(CheckField(in.model(), "model", kNameBytesMax));
  RETURN_IF_ERROR(CheckField(in.system_uuid(), "system_uuid", kNameBytesMax));
  RETURN_IF_ERROR(CheckField(in.slot(), "slot", kSlotBytesMax));
  RETURN_IF_ERROR(CheckField(in.tpm_vendor_string(), "tpm_vendor_string", kNameBytesMax));
  RETURN_IF_ERROR(CheckField(in.agent_version(), "agent_version", kNameBytesMax));
  RETURN_IF_ERROR(CheckField(in.sku(), "sku", kNameBytesMax));
  RETURN_IF_ERROR(CheckField(in.order_code(), "order_code", kNameBytesMax));
  for (const std::string& address : in.mac_addresses()) {
    RETURN_IF_ERROR(CheckField(address, "mac_addresses", kNameBytesMax));
  }
  if (in.implemented_banks_size() > kBanksMax) {
    return ResourceExhausted("evidence field implemented_banks has too many values");
  }
  for (const uint32_t bank : in.implemented_banks()) {
    if (bank > UINT16_MAX) return InvalidArgument("evidence names a bank that is no TPM_ALG_ID");
  }
  if (in.mac_addresses_size() <= static_cast<int>(kMacAddressesMax)) return OkStatus();
  return ResourceExhausted("evidence field mac_addresses has too many values");
}

AttestationEvidence FromProto(const ev1::Evidence& in) {
  AttestationEvidence out;
  out.ek_certificate = ToBytes(in.ek_certificate());
  out.ek_nv_index = in.ek_nv_index();
  for (const std::string& certificate : in.ek_chain()) out.ek_chain.push_back(ToBytes(certificate));
  out.ek_public = ToBytes(in.ek_public());
  out.ak_public = ToBytes(in.ak_public());
  out.device_key_public = ToBytes(in.device_key_public());
  out.certify_attest = ToBytes(in.certify_attest());
  out.certify_signature = ToBytes(in.certify_signature());
  out.quote_attest = ToBytes(in.quote_attest());
  out.quote_signature = ToBytes(in.quote_signature());
  for (const auto& value : in.pcr_values()) {
    out.pcr_values.push_back({.hash_algorithm = static_cast<uint16_t>(value.hash_algorithm()),
                              .index = value.index(),
                              .value = ToBytes(value.value())});
  }
  out.event_log = ToBytes(in.event_log());
  out.claims = ToBytes(in.claims());
  return out;
}

}  // namespace

StatusOr<DecodedEvidence> ProtoEvidenceDecoder::Decode(ByteView message) const {
  if (message.size() > kEvidenceBytesMax) return ResourceExhausted("evidence is too long");
  ev1::Evidence evidence;
  ev1::DeviceClaims claims;
  if (!evidence.ParseFromArray(message.data(), static_cast<int>(message.size())) ||
      !claims.ParseFromString(evidence.claims())) {
    return InvalidArgument("evidence does not parse");
  }
  RETURN_IF_ERROR(CheckLimits(evidence));
  RETURN_IF_ERROR(CheckLimits(claims));
  DecodedEvidence out{.evidence = FromProto(evidence),
                      .claims = {.serial_number = claims.serial_number(),
                                 .manufacturer = claims.manufacturer(),
                                 .model = claims.model(),
                                 .slot = claims.slot(),
                                 .order_code = claims.order_code(),
                                 .repeated = claims.repeated()}};
  out.evidence.claimed_tpm = {.manufacturer = claims.tpm_manufacturer(),
                              .vendor_string = claims.tpm_vendor_string(),
                              .firmware_version = claims.tpm_firmware_version()};
  for (const uint32_t bank : claims.implemented_banks()) {
    out.evidence.implemented_banks.push_back(static_cast<uint16_t>(bank));
  }
  return out;
}

std::string EncodeChallenge(const ChallengeFacts& facts) {
  ev1::Challenge out;
  out.set_protocol_version(kProtocolVersion);
  out.set_session_id(ToString(facts.session_id));
  out.set_nonce(ToString(facts.nonce));
  SetTime(facts.server_time, out.mutable_server_time());
  SetTime(facts.expire_time, out.mutable_expire_time());
  for (const tpmwire::PcrSelection& bank : facts.pcrs) {
    auto* pcrs = out.add_pcrs();
    pcrs->set_hash_algorithm(bank.hash_algorithm);
    pcrs->set_mask(ToString(ByteView(bank.mask)));
  }
  out.set_policy_sha256(ToString(facts.policy_sha256));
  out.set_trust_bundle_sha256(ToString(facts.trust_bundle_sha256));
  return out.SerializeAsString();
}

std::string EncodeCredential(const CredentialFacts& facts) {
  ev1::Credential out;
  out.set_credential_blob(ToString(facts.credential_blob));
  out.set_encrypted_secret(ToString(facts.encrypted_secret));
  SetTime(facts.expire_time, out.mutable_expire_time());
  return out.SerializeAsString();
}

StatusOr<ChallengeFacts> DecodeChallenge(ByteView message) {
  ev1::Challenge in;
  if (message.size() > kChallengeBytesMax ||
      !in.ParseFromArray(message.data(), static_cast<int>(message.size())) ||
      in.pcrs_size() > kBanksMax) {
    return InvalidArgument("challenge does not parse");
  }
  ChallengeFacts out{.session_id = ToBytes(in.session_id()),
                     .nonce = ToBytes(in.nonce()),
                     .server_time = ToWallTime(in.server_time()),
                     .expire_time = ToWallTime(in.expire_time()),
                     .policy_sha256 = ToBytes(in.policy_sha256()),
                     .trust_bundle_sha256 = ToBytes(in.trust_bundle_sha256())};
  for (const ev1::PcrSelection& bank : in.pcrs()) {
    tpmwire::PcrSelection selection;
    selection.hash_algorithm = static_cast<uint16_t>(bank.hash_algorithm());
    if (bank.mask().size() != selection.mask.size()) {
      return InvalidArgument("challenge asks for PCRs with a mask of another length");
    }
    std::copy(bank.mask().begin(), bank.mask().end(), selection.mask.begin());
    out.pcrs.push_back(selection);
  }
  return out;
}

StatusOr<CredentialFacts> DecodeCredential(ByteView message) {
  ev1::Credential in;
  if (message.size() > kChallengeBytesMax ||
      !in.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return InvalidArgument("credential does not parse");
  }
  return CredentialFacts{.credential_blob = ToBytes(in.credential_blob()),
                         .encrypted_secret = ToBytes(in.encrypted_secret()),
                         .expire_time = ToWallTime(in.expire_time())};
}

StatusOr<RecordedMessages> ProtoRecordReader::Read(ByteView challenge, ByteView evidence,
                                                   ByteView credential) const {
  RecordedMessages out;
  ASSIGN_OR_RETURN(out.challenge, DecodeChallenge(challenge));
  ASSIGN_OR_RETURN(out.evidence, ProtoEvidenceDecoder().Decode(evidence));
  if (credential.empty()) return out;
  ASSIGN_OR_RETURN(out.credential, DecodeCredential(credential));
  return out;
}

}  // namespace preseal::server
