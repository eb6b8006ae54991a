// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/enrollment_wire.h"

#include <limits>

namespace preseal::agent {
namespace {

namespace wire = enrollment::v1;

// A refusal without a code cannot be acted upon; the console shows this one.
constexpr char kNoCode[] = "UNSPECIFIED";

Bytes Serialize(const google::protobuf::MessageLite& message) {
  return ToBytes(std::string_view(message.SerializeAsString()));
}

}  // namespace

Bytes EncodeClaims(const DeviceClaims& claims) {
  wire::DeviceClaims message;
  message.set_serial_number(claims.serial_number);
  message.set_manufacturer(claims.manufacturer);
  message.set_model(claims.model);
  message.set_system_uuid(claims.system_uuid);
  for (const std::string& address : claims.mac_addresses) message.add_mac_addresses(address);
  message.set_agent_version(claims.agent_version);
  message.set_slot(claims.slot);
  message.set_sku(claims.sku);
  message.set_order_code(claims.order_code);
  message.set_repeated(claims.repeated);
  message.set_tpm_manufacturer(claims.tpm.manufacturer);
  message.set_tpm_vendor_string(claims.tpm.vendor_string);
  message.set_tpm_firmware_version(claims.tpm.firmware_version);
  for (const uint16_t bank : claims.tpm.implemented_banks) message.add_implemented_banks(bank);
  return Serialize(message);
}

Bytes EncodeEvidence(const EnrollmentEvidence& evidence) {
  wire::Evidence message;
  message.set_ek_certificate(ToString(evidence.ek_certificate));
  message.set_ek_nv_index(evidence.ek_nv_index);
  for (const Bytes& certificate : evidence.ek_chain) message.add_ek_chain(ToString(certificate));
  message.set_ek_public(ToString(evidence.ek_public));
  message.set_ak_public(ToString(evidence.ak_public));
  message.set_device_key_public(ToString(evidence.device_key_public));
  message.set_certify_attest(ToString(evidence.certify.attest));
  message.set_certify_signature(ToString(evidence.certify.signature));
  message.set_quote_attest(ToString(evidence.quote.attest));
  message.set_quote_signature(ToString(evidence.quote.signature));
  for (const tpmwire::PcrValue& pcr : evidence.pcr_values) {
    wire::PcrValue* value = message.add_pcr_values();
    value->set_hash_algorithm(pcr.hash_algorithm);
    value->set_index(pcr.index);
    value->set_value(ToString(pcr.value));
  }
  message.set_event_log(ToString(evidence.event_log));
  message.set_claims(ToString(evidence.claims));
  return Serialize(message);
}

StatusOr<EnrollmentChallenge> DecodeChallenge(const std::string& bytes) {
  wire::Challenge message;
  if (!message.ParseFromString(bytes)) return Internal("server's challenge does not parse");
  EnrollmentChallenge challenge;
  challenge.raw = ToBytes(std::string_view(bytes));
  challenge.protocol_version = message.protocol_version();
  challenge.session_id = ToBytes(std::string_view(message.session_id()));
  challenge.nonce = ToBytes(std::string_view(message.nonce()));
  for (const wire::PcrSelection& pcr : message.pcrs()) {
    if (pcr.hash_algorithm() > std::numeric_limits<uint16_t>::max()) {
      return Internal("server's challenge names no TPM algorithm");
    }
    challenge.pcrs.push_back(
        {static_cast<uint16_t>(pcr.hash_algorithm()), ToBytes(std::string_view(pcr.mask()))});
  }
  return challenge;
}

StatusOr<ActivationOrder> DecodeCredential(const std::string& bytes) {
  wire::Credential message;
  if (!message.ParseFromString(bytes)) return Internal("server's credential does not parse");
  return ActivationOrder{ToBytes(std::string_view(bytes)),
                         ToBytes(std::string_view(message.credential_blob())),
                         ToBytes(std::string_view(message.encrypted_secret()))};
}

StatusOr<std::variant<Admission, EnrollmentRefusal>> DecodeResult(
    const wire::EnrollmentResult& result) {
  using Answer = std::variant<Admission, EnrollmentRefusal>;
  switch (result.outcome_case()) {
    case wire::EnrollmentResult::kAdmission: {
      const wire::Admission& message = result.admission();
      Admission admission;
      admission.device_id = message.device_id();
      admission.certificate = ToBytes(std::string_view(message.certificate()));
      for (const std::string& certificate : message.certificate_chain()) {
        admission.certificate_chain.push_back(ToBytes(std::string_view(certificate)));
      }
      admission.lab = message.lab();
      admission.quarantined = message.quarantined();
      return Answer(std::move(admission));
    }
    case wire::EnrollmentResult::kRefusal: {
      const wire::Refusal& message = result.refusal();
      return Answer(EnrollmentRefusal{
          message.code().empty() ? kNoCode : message.code(), message.message(), message.seen(),
          message.expected(), message.remedy(), message.retry_allowed(), message.attempts_left()});
    }
    case wire::EnrollmentResult::OUTCOME_NOT_SET:
      break;
  }
  return Internal("server's result is neither yes nor no");
}

}  // namespace preseal::agent
