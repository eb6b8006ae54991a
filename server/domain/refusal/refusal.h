// SPDX-License-Identifier: Apache-2.0
// Why an enrolment was refused: one closed list, in the order the checks run. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace preseal::server {

// The names are the wire's and the record's; never rename. kNone means accepted.
enum class RefusalCode : uint16_t {
  kNone = 0,
  // the record
  kRateLimited,
  kInputTooLarge,
  kJunkSerial,
  kUnknownDevice,
  kAmbiguousSerial,
  kDeviceState,
  kOneTimeLimit,
  kAttemptsExceeded,
  kDeviceRevoked,
  kProtocolVersion,
  kSessionUnknown,
  kSessionExpired,
  // EK certificate
  kEkCertMissing,
  kEkCertMalformed,
  kEkIsCa,
  kEkEku,
  kEkKeyUsage,
  kEkSan,
  kEkNotTpm20,
  // EK chain
  kEkChainUntrusted,
  kEkChainBadSignature,
  kEkSigAlgWeak,
  kEkExpired,
  kEkNotYetValid,
  kEkRevoked,
  kEkRevocationUnknown,
  // EK key
  kEkPublicMalformed,
  kEkKeyWeak,
  kEkKeyRoca,
  kEkKeyMismatch,
  kEkTemplate,
  kEkAlreadyBound,
  kEkChanged,
  // trust models
  kEkNotListed,
  kApprovalPending,
  kTrustModel,
  // TPM identity
  kTpmIsVirtual,
  kTpmVendorUnknown,
  kTpmVendorMismatch,
  kLabRefused,
  // attestation key and device key
  kAkMalformed,
  kAkAttributes,
  kAkAlg,
  kTlsKeyMalformed,
  kTlsKeyAttributes,
  kTlsKeyAlg,
  kAkReused,
  kTlsKeyReused,
  // certify
  kCertifySignature,
  kCertifyMagic,
  kCertifyType,
  kCertifyMalformed,
  kCertifyNonce,
  kCertifyName,
  kAkHierarchy,
  kTlsKeyHierarchy,
  // quote
  kQuoteSignature,
  kQuoteMagic,
  kQuoteType,
  kQuoteMalformed,
  kQuoteNonce,
  kQuoteSigner,
  kQuoteSelection,
  kQuoteNoSha256,
  kPcrDigest,
  kQuoteClockUnsafe,
  kQuoteResetMismatch,
  kTpmFirmwareMismatch,
  kTpmFirmwareTooOld,
  kTpmModelDenied,
  // event log
  kEventLogMissing,
  kEventLogMalformed,
  kEventLogNoBank,
  kEventLogReplayMismatch,
  kEventLogBankCapped,
  kEventLogUnextendedPcr,
  kEventLogSeparator,
  kEventLogDupVariable,
  kEventLogEventType,
  kEventLogDataDigest,
  // boot policy
  kBootSecureBootOff,
  kBootSetupMode,
  kBootDbx,
  kBootAuthorityUnknown,
  kBootFirmwareError,
  kBootDebugMode,
  kBootDmaProtectionOff,
  kPcrPolicyMismatch,
  kPcrNotLearned,
  // activation
  kActivationFailed,
  kActivationExpired,
  kActivationReplayed,
  // after the certificate
  kIssueUnconfirmed,
  // what was stored, imported or exported
  kEvidenceMalformed,
  kEvidenceTampered,
  kBundleMalformed,
  kBundleSignature,
  kBundleRollback,
};

struct RefusalInfo {
  RefusalCode code;
  std::string_view name;     // EK_CHAIN_UNTRUSTED
  std::string_view message;  // one plain sentence for the technician
  std::string_view remedy;   // what to do about it
  bool retry_allowed;        // trying again as things are may help
  // Uses up one of the device's kAttestationAttemptsMax attempts. Only what the device itself did:
  // not what this server or its people lack (a list, an approval), and not what never got as far
  // as evidence, or anybody who knows a serial number could block its device without a TPM.
  bool counts = true;
};

// Every code but kNone, in order.
std::span<const RefusalInfo> AllRefusals();
// Null for kNone.
const RefusalInfo* InfoOf(RefusalCode code);
// "EK_CHAIN_UNTRUSTED"; "" for kNone.
std::string_view NameOf(RefusalCode code);
// Nothing if `name` is none of ours.
std::optional<RefusalCode> ParseRefusalCode(std::string_view name);

}  // namespace preseal::server
