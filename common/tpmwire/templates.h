// SPDX-License-Identifier: Apache-2.0
// The key templates Preseal makes and accepts, and where a TPM keeps things.
// EK templates: TCG "EK Credential Profile for TPM Family 2.0", Annex "EK templates" (L-1, L-2, H-1
// to H-3). AK and device key: ours, docs/formats.md. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/tpmwire/public_area.h"

namespace preseal::tpmwire {

// --- persistent handles (TCG "Registry of Reserved TPM 2.0 Handles and Localities") ---
inline constexpr uint32_t kHandleEkRsa2048Low = 0x81010001;
inline constexpr uint32_t kHandleEkP256Low = 0x81010002;
inline constexpr uint32_t kHandleEkRsa2048High = 0x81010012;
inline constexpr uint32_t kHandleEkP256High = 0x81010014;
inline constexpr uint32_t kHandleEkP384High = 0x81010016;
// Ours; outside 0x81000000..0x8102FFFF, which the registry gives to others.
inline constexpr uint32_t kHandleDeviceKey = 0x81050000;

// --- NV indices: EK certificates and what belongs to them (EK Credential Profile) ---
inline constexpr uint32_t kNvEkCertRsa2048Low = 0x01C00002;
inline constexpr uint32_t kNvEkNonceRsa2048Low = 0x01C00003;
inline constexpr uint32_t kNvEkTemplateRsa2048Low = 0x01C00004;
inline constexpr uint32_t kNvEkCertP256Low = 0x01C0000A;
inline constexpr uint32_t kNvEkNonceP256Low = 0x01C0000B;
inline constexpr uint32_t kNvEkTemplateP256Low = 0x01C0000C;
inline constexpr uint32_t kNvEkCertRsa2048High = 0x01C00012;
inline constexpr uint32_t kNvEkCertP256High = 0x01C00014;
inline constexpr uint32_t kNvEkCertP384High = 0x01C00016;
inline constexpr uint32_t kNvEkChainFirst = 0x01C00100;
inline constexpr uint32_t kNvEkChainLast = 0x01C001FF;

// --- attributes ---
inline constexpr uint32_t kEkLowAttributes = 0x000300B2;
inline constexpr uint32_t kEkHighAttributes = 0x000300F2;  // userWithAuth: activates by password
inline constexpr uint32_t kAkAttributes = 0x00050472;
inline constexpr uint32_t kDeviceKeyAttributes = 0x00040472;  // AK's without restricted

// PolicySecret(TPM_RH_ENDORSEMENT), SHA-256 ("PolicyA").
Bytes EkPolicyA();
// PolicyOR(PolicyA, PolicyC) ("PolicyB"), SHA-256 and SHA-384.
Bytes EkPolicyB(HashAlg hash);

// EK templates with the unique field CreatePrimary takes (zeros for L, empty for H).
PublicArea EkTemplateRsa2048Low();
PublicArea EkTemplateP256Low();
PublicArea EkTemplateRsa2048High();
PublicArea EkTemplateP256High();
PublicArea EkTemplateP384High();

// One EK this product knows how to find, make and check.
struct EkKind {
  const char* name;  // "L-1 RSA-2048"
  uint32_t handle;
  uint32_t nv_certificate;
  PublicArea (*make_template)();
};
// Where a vendor keeps a template that overrides the default, and, in the low range only, a nonce
// for the unique field (0, which is no index, in the high range).
uint32_t NvEkTemplate(const EkKind& kind);
uint32_t NvEkNonce(const EkKind& kind);
// In the agent's order of preference: those that activate by password first, ECC before RSA.
const std::array<EkKind, 5>& EkKinds();

// True if `ek` is `known` but for the unique field: same algorithms, attributes, policy, scheme.
bool MatchesTemplate(const PublicArea& ek, const PublicArea& known);

// Restricted P-256 ECDSA-SHA256 signing key, primary in the ENDORSEMENT hierarchy, where quotes
// show firmware version and reset counts in the clear.
//   unique  32 bytes, random once, kept: not secret, the same AK can be made again from it.
PublicArea AkTemplate(ByteView unique);
// The same without "restricted": the device's mTLS key, primary in the OWNER hierarchy, persistent
// at kHandleDeviceKey; TPM2_Clear ends it.
PublicArea DeviceKeyTemplate(ByteView unique);

}  // namespace preseal::tpmwire
