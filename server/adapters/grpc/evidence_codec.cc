// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/evidence_codec.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "server/adapters/grpc/convert.h"

namespace preseal::server {
namespace {

namespace ev1 = enrollment::v1;
constexpr uint32_t kProtocolVersion = 1;
constexpr int kPcrValuesMax = 24 * 4;
constexpr int kMacAddressesMax = 64;

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
  if (in.pcr_values_size() > kPcrValuesMax) {
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
  if (in.mac_addresses_size() <= kMacAddressesMax) return OkStatus();
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
                                 .slot = claims.slot()}};
  out.evidence.claimed_tpm = {.manufacturer = claims.tpm_manufacturer(),
                              .vendor_string = claims.tpm_vendor_string(),
                              .firmware_version = claims.tpm_firmware_version()};
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
  return out.SerializeAsString();
}

std::string EncodeCredential(const CredentialFacts& facts) {
  ev1::Credential out;
  out.set_credential_blob(ToString(facts.credential_blob));
  out.set_encrypted_secret(ToString(facts.encrypted_secret));
  SetTime(facts.expire_time, out.mutable_expire_time());
  return out.SerializeAsString();
}

void ToProto(const AdmissionFacts& facts, ev1::Admission* out) {
  out->set_device_id(facts.device_id.text());
  out->set_certificate(ToString(facts.certificate.der));
  for (const Bytes& der : facts.certificate.chain) out->add_certificate_chain(ToString(der));
  out->set_lab(facts.lab);
}

void ToProto(const RefusalFacts& facts, ev1::Refusal* out) {
  const RefusalInfo* info = InfoOf(facts.code);
  out->set_code(std::string(info->name));
  out->set_message(std::string(info->message));
  out->set_remedy(std::string(info->remedy));
  out->set_retry_allowed(info->retry_allowed);
  out->set_seen(facts.seen);
  out->set_expected(facts.expected);
}

}  // namespace preseal::server
