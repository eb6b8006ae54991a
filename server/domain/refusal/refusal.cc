// SPDX-License-Identifier: Apache-2.0
#include "server/domain/refusal/refusal.h"

namespace preseal::server {
namespace {

using enum RefusalCode;

constexpr std::string_view kTamperRemedy =
    "Set the device aside and call the shift lead: the evidence does not fit together.";
constexpr std::string_view kAgentRemedy =
    "Start the device again from a current medium; if it repeats, call the shift lead.";
constexpr std::string_view kVendorRemedy =
    "Set the device aside; its maker must explain or replace the TPM certificate.";
constexpr std::string_view kRecordRemedy =
    "Ask an administrator to correct the device's record, then start again.";

constexpr RefusalInfo kRefusals[] = {
    {kRateLimited, "RATE_LIMITED", "Too many enrolments were started from this place.",
     "Wait a minute, then start the device again.", true, false},
    {kInputTooLarge, "INPUT_TOO_LARGE", "The device sent more evidence than is allowed.",
     kAgentRemedy, false},
    {kJunkSerial, "JUNK_SERIAL", "The device's firmware holds no real serial number.",
     "Write the serial number into the firmware with the maker's tool, then start again.", false,
     false},
    {kUnknownDevice, "UNKNOWN_DEVICE", "No device with this serial number was imported.",
     "Check the serial number against the purchase order and import the device.", true, false},
    {kAmbiguousSerial, "AMBIGUOUS_SERIAL", "Several records have this serial number.",
     kRecordRemedy, true, false},
    {kDeviceState, "DEVICE_STATE", "This device's record does not allow enrolment now.",
     "Look at the device's page: it is sealed, blocked or retired.", true, false},
    {kOneTimeLimit, "ONE_TIME_LIMIT", "This device was sealed before; devices enrol once.",
     "Ask the shift lead to allow the next enrolment on the device's page, then start again.", true,
     false},
    {kAttemptsExceeded, "ATTEMPTS_EXCEEDED", "This device was refused too often and is blocked.",
     "Ask the shift lead to look at the reasons and to unblock the device.", false, false},
    {kDeviceRevoked, "DEVICE_REVOKED", "This device's identity was revoked.",
     "Set the device aside; an administrator must release its record first.", false, false},
    {kProtocolVersion, "PROTOCOL_VERSION", "The medium and the server do not speak one version.",
     "Start the device from the medium that belongs to this server.", false, false},
    {kSessionUnknown, "SESSION_UNKNOWN", "The server does not know the attempt to go on with.",
     kAgentRemedy, true, false},
    {kSessionExpired, "SESSION_EXPIRED", "The attestation took too long.",
     "Start again; if it repeats, check the network.", true, false},

    {kEkCertMissing, "EK_CERT_MISSING", "The TPM holds no endorsement certificate.",
     "Update the firmware or run the maker's TPM provisioning; if none remains, set it aside.",
     true},
    {kEkCertMalformed, "EK_CERT_MALFORMED", "The TPM's endorsement certificate cannot be read.",
     kVendorRemedy, false},
    {kEkIsCa, "EK_IS_CA", "The TPM presented an authority's certificate as its own.", kTamperRemedy,
     false},
    {kEkEku, "EK_EKU", "The certificate was not made for a TPM endorsement key.", kTamperRemedy,
     false},
    {kEkKeyUsage, "EK_KEYUSAGE", "The endorsement certificate does not allow key encryption.",
     kVendorRemedy, false},
    {kEkSan, "EK_SAN", "The endorsement certificate does not name the TPM properly.", kVendorRemedy,
     false},
    {kEkNotTpm20, "EK_NOT_TPM20", "The endorsement certificate is not for a TPM 2.0.",
     "Enable TPM 2.0 in the firmware setup, or set the device aside.", true},

    {kEkChainUntrusted, "EK_CHAIN_UNTRUSTED",
     "The TPM's certificate does not lead to a maker this server trusts.",
     "If the maker is genuine, an administrator can add its root; otherwise set the device aside.",
     true},
    {kEkChainBadSignature, "EK_CHAIN_BAD_SIGNATURE",
     "The TPM's certificate claims an issuer that did not sign it.", kTamperRemedy, false},
    {kEkSigAlgWeak, "EK_SIG_ALG_WEAK", "The TPM's certificate is signed with a broken algorithm.",
     kVendorRemedy, false},
    {kEkExpired, "EK_EXPIRED", "The TPM's certificate has expired.",
     "Check the server's clock; an administrator can allow expired TPM certificates.", true},
    {kEkNotYetValid, "EK_NOT_YET_VALID", "The TPM's certificate is not valid yet.",
     "Check the server's clock.", true},
    {kEkRevoked, "EK_REVOKED", "The maker has revoked the TPM's certificate.", kVendorRemedy,
     false},
    {kEkRevocationUnknown, "EK_REVOCATION_UNKNOWN",
     "It is not known whether the maker has revoked the TPM's certificate.",
     "An administrator must import the maker's current revocation list.", true, false},

    {kEkPublicMalformed, "EK_MALFORMED", "The endorsement key sent by the device cannot be read.",
     kAgentRemedy, false},
    {kEkKeyWeak, "EK_KEY_WEAK", "The TPM's endorsement key is too weak.", kVendorRemedy, false},
    {kEkKeyRoca, "EK_KEY_ROCA", "The TPM's endorsement key can be factored (ROCA).",
     "Update the TPM's firmware as its maker describes; the key must be made again.", false},
    {kEkKeyMismatch, "EK_KEY_MISMATCH", "The TPM's certificate belongs to another key.",
     "Clear the TPM in the firmware setup and start again; if it repeats, set the device aside.",
     true},
    {kEkTemplate, "EK_TEMPLATE", "The endorsement key is not of a standard kind.", kVendorRemedy,
     false},
    {kEkAlreadyBound, "EK_ALREADY_BOUND", "This TPM already belongs to another device's record.",
     "Check both serial numbers; an administrator must release the other record first.", true},
    {kEkChanged, "EK_CHANGED", "This device had another TPM before.",
     "If the board was replaced, an administrator must approve the new TPM.", true},

    {kEkNotListed, "EK_NOT_LISTED", "This TPM is not on the order's list.",
     "Compare the device with the order; an administrator can add its TPM to the list.", true,
     false},
    {kApprovalPending, "APPROVAL_PENDING", "A person must approve this TPM first.",
     "Ask the shift lead to approve the device on its page, then start again.", true, false},
    {kTrustModel, "TRUST_MODEL", "The TPM is not trusted in every way this line requires.",
     "Look at the findings: an administrator decides what this line requires.", true, false},

    {kTpmIsVirtual, "TPM_IS_VIRTUAL", "The TPM is software, not a chip.",
     "Use real hardware, or name the lab root in the server's configuration.", false},
    {kTpmVendorUnknown, "TPM_VENDOR_UNKNOWN", "The TPM's maker is not on the list of makers.",
     kVendorRemedy, false},
    {kTpmVendorMismatch, "TPM_VENDOR_MISMATCH", "The TPM's maker and its certificate do not agree.",
     kTamperRemedy, false},
    {kLabRefused, "LAB_REFUSED", "A device of the lab tried to enrol in production.",
     "Use real hardware, or enrol the device at the lab's own server.", false},

    {kAkMalformed, "AK_MALFORMED", "The attestation key cannot be read.", kAgentRemedy, false},
    {kAkAttributes, "AK_ATTRIBUTES", "The attestation key is not bound to the TPM as it must be.",
     kTamperRemedy, false},
    {kAkAlg, "AK_ALG", "The attestation key uses another algorithm than required.", kAgentRemedy,
     false},
    {kTlsKeyMalformed, "TLSKEY_MALFORMED", "The device key cannot be read.", kAgentRemedy, false},
    {kTlsKeyAttributes, "TLSKEY_ATTRIBUTES",
     "The device key is not bound to the TPM as it must be.", kTamperRemedy, false},
    {kTlsKeyAlg, "TLSKEY_ALG", "The device key uses another algorithm than required.", kAgentRemedy,
     false},
    {kAkReused, "AK_REUSED", "Another device has already shown this attestation key.",
     kTamperRemedy, false},
    {kTlsKeyReused, "TLSKEY_REUSED", "Another device has already shown this device key.",
     kTamperRemedy, false},

    {kCertifySignature, "CERTIFY_SIGNATURE",
     "The signature over the device key's statement is wrong.", kTamperRemedy, false},
    {kCertifyMagic, "CERTIFY_MAGIC", "The device key's statement was not made by a TPM.",
     kTamperRemedy, false},
    {kCertifyType, "CERTIFY_TYPE", "The device key's statement is of another kind.", kTamperRemedy,
     false},
    {kCertifyMalformed, "CERTIFY_MALFORMED", "The device key's statement cannot be read.",
     kAgentRemedy, false},
    {kCertifyNonce, "CERTIFY_NONCE", "The device key's statement was made for another session.",
     kAgentRemedy, true},
    {kCertifyName, "CERTIFY_NAME", "The TPM certified another key than the one sent.",
     kTamperRemedy, false},
    {kAkHierarchy, "AK_HIERARCHY", "The attestation key is not in the endorsement hierarchy.",
     kAgentRemedy, false},
    {kTlsKeyHierarchy, "TLSKEY_HIERARCHY", "The device key is not in the owner hierarchy.",
     kAgentRemedy, false},

    {kQuoteSignature, "QUOTE_SIGNATURE", "The signature over the boot state is wrong.",
     kTamperRemedy, false},
    {kQuoteMagic, "QUOTE_MAGIC", "The boot state was not signed by a TPM.", kTamperRemedy, false},
    {kQuoteType, "QUOTE_TYPE", "The boot state's statement is of another kind.", kTamperRemedy,
     false},
    {kQuoteMalformed, "QUOTE_MALFORMED", "The boot state's statement cannot be read.", kAgentRemedy,
     false},
    {kQuoteNonce, "QUOTE_NONCE", "The boot state was signed for another session.", kAgentRemedy,
     true},
    {kQuoteSigner, "QUOTE_SIGNER", "The boot state was signed by another key.", kTamperRemedy,
     false},
    {kQuoteSelection, "QUOTE_SELECTION", "The boot state covers other registers than asked.",
     kAgentRemedy, false},
    {kQuoteNoSha256, "QUOTE_NO_SHA256", "The TPM keeps no SHA-256 boot measurements.",
     "Enable the SHA-256 bank in the firmware setup and start again.", true},
    {kPcrDigest, "PCR_DIGEST", "The boot measurements sent are not the signed ones.", kTamperRemedy,
     true},
    {kQuoteClockUnsafe, "QUOTE_CLOCK_UNSAFE", "The TPM's clock may have gone back.",
     "It lost its power: leave it on and retry; it passes within seconds to 70 minutes.", true},
    {kQuoteResetMismatch, "QUOTE_RESET_MISMATCH", "The device restarted during the attestation.",
     "Start again and leave the device powered.", true},
    {kTpmFirmwareMismatch, "TPM_FIRMWARE_MISMATCH",
     "The TPM's firmware version is not the one the device named.", kTamperRemedy, false},
    {kTpmFirmwareTooOld, "TPM_FIRMWARE_TOO_OLD",
     "The TPM's firmware is older than this floor allows.",
     "Update the TPM's firmware to the version named, then start again.", true},
    {kTpmModelDenied, "TPM_MODEL_DENIED", "This TPM has a known weakness and is not allowed.",
     "Update the TPM's firmware as the advisory says, or set the device aside.", true},

    {kEventLogMissing, "EVENTLOG_MISSING", "The device sent no record of how it started.",
     "Start the device in UEFI mode with its TPM enabled from a current medium.", true},
    {kEventLogMalformed, "EVENTLOG_MALFORMED", "The record of the start cannot be read.",
     "Update the device's firmware; if it repeats, set the device aside.", true},
    {kEventLogNoBank, "EVENTLOG_NO_BANK", "The record of the start has no SHA-256 measurements.",
     "Enable the SHA-256 bank in the firmware setup and start again.", true},
    {kEventLogReplayMismatch, "EVENTLOG_REPLAY_MISMATCH",
     "The record of the start does not give the signed measurements.", kTamperRemedy, true},
    {kEventLogBankCapped, "EVENTLOG_BANK_CAPPED",
     "The firmware left a bank of measurements open for anybody to fill.",
     "Update the firmware or disable the unused bank; an administrator can allow the model.", true},
    {kEventLogUnextendedPcr, "EVENTLOG_UNEXTENDED_PCR",
     "A signed measurement is not explained by the record of the start.", kTamperRemedy, false},
    {kEventLogSeparator, "EVENTLOG_SEPARATOR",
     "The end of the firmware's measurements is not marked as it must be.", kTamperRemedy, false},
    {kEventLogDupVariable, "EVENTLOG_DUP_VARIABLE",
     "A boot setting is recorded twice or not at all.", kTamperRemedy, false},
    {kEventLogEventType, "EVENTLOG_EVENT_TYPE",
     "The record of the start holds an event where it may not be.", kTamperRemedy, false},
    {kEventLogDataDigest, "EVENTLOG_DATA_DIGEST", "An event's text is not what was measured.",
     kTamperRemedy, false},

    {kBootSecureBootOff, "BOOT_SECUREBOOT_OFF", "Secure Boot is turned off on this device.",
     "Turn Secure Boot on in the firmware setup, then start again.", true},
    {kBootSetupMode, "BOOT_SETUP_MODE", "Secure Boot is in setup or audit mode.",
     "Enrol the maker's keys in the firmware setup, then start again.", true},
    {kBootDbx, "BOOT_DBX", "The list of forbidden boot programs is too old.",
     "Update the Secure Boot revocation list (dbx), then start again.", true},
    {kBootAuthorityUnknown, "BOOT_AUTHORITY_UNKNOWN",
     "A boot program was signed by a key this floor does not know.",
     "Start from the right medium; an administrator can add the key to the policy.", true},
    {kBootFirmwareError, "BOOT_FIRMWARE_ERROR", "The firmware recorded an error while starting.",
     "Update or reset the device's firmware, then start again.", true},
    {kBootDebugMode, "BOOT_DEBUG_MODE", "The firmware is in debug mode.",
     "Turn the firmware's debug mode off, or set the device aside.", true},
    {kBootDmaProtectionOff, "BOOT_DMA_PROTECTION_OFF", "Protection against DMA is off.",
     "Turn DMA protection (IOMMU) on in the firmware setup, then start again.", true},
    {kPcrPolicyMismatch, "PCR_POLICY_MISMATCH",
     "The device did not start the way devices of its model do.",
     "Compare the firmware version with the model's; start from a current medium.", true},
    {kPcrNotLearned, "PCR_NOT_LEARNED", "Nobody has approved how this model starts yet.",
     "Two people must approve the first device of the model, then start again.", true, false},

    {kActivationFailed, "ACTIVATION_FAILED",
     "The device could not prove that attestation key and TPM belong together.", kTamperRemedy,
     true},
    {kActivationExpired, "ACTIVATION_EXPIRED", "The device's proof came too late.",
     "Start again; if it repeats, check the network.", true},
    {kActivationReplayed, "ACTIVATION_REPLAYED", "The device's proof was used before.",
     kTamperRemedy, true},

    {kIssueUnconfirmed, "ISSUE_UNCONFIRMED", "The device never used the certificate it was given.",
     "Start the device again; the unused certificate was revoked.", true, false},

    {kEvidenceMalformed, "EVIDENCE_MALFORMED", "The evidence file cannot be read.",
     "Export the evidence again from the server that made it.", false, false},
    {kEvidenceTampered, "EVIDENCE_TAMPERED", "The evidence was changed after it was recorded.",
     "Keep the file and the database as they are and call the auditor.", false, false},
    {kBundleMalformed, "BUNDLE_MALFORMED", "The trust bundle cannot be read.",
     "Export the trust bundle again from the server that made it.", false, false},
    {kBundleSignature, "BUNDLE_SIGNATURE", "The trust bundle was not signed by this floor.",
     "Import the bundle from its source, not a copy that was edited.", false, false},
    {kBundleRollback, "BUNDLE_ROLLBACK", "The trust bundle is older than the one in use.",
     "Import the newest bundle; an old one cannot come back.", false, false},
};

// The table is indexed by code, so it must name each once and in order.
constexpr bool InOrder() {
  uint16_t expected = 1;
  for (const RefusalInfo& info : kRefusals) {
    if (static_cast<uint16_t>(info.code) != expected++) return false;
  }
  return expected == static_cast<uint16_t>(kBundleRollback) + 1;
}
static_assert(InOrder());

}  // namespace

std::span<const RefusalInfo> AllRefusals() { return kRefusals; }

const RefusalInfo* InfoOf(RefusalCode code) {
  return code == kNone ? nullptr : &kRefusals[static_cast<size_t>(code) - 1];
}

std::string_view NameOf(RefusalCode code) {
  const RefusalInfo* info = InfoOf(code);
  return info == nullptr ? std::string_view() : info->name;
}

std::optional<RefusalCode> ParseRefusalCode(std::string_view name) {
  for (const RefusalInfo& info : kRefusals) {
    if (info.name == name) return info.code;
  }
  return std::nullopt;
}

}  // namespace preseal::server
