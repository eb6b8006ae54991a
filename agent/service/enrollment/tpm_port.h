// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/status/status.h"
#include "common/tpmwire/pcr.h"

namespace preseal::agent {

// What the chip says of itself; claims, checked by the server against what it signs.
struct TpmProperties {
  uint32_t manufacturer = 0;      // TPM_PT_MANUFACTURER
  std::string vendor_string;      // TPM_PT_VENDOR_STRING_1..4 joined, NUL and outer spaces cut
  uint64_t firmware_version = 0;  // TPM_PT_FIRMWARE_VERSION_1 << 32 | _2
  uint32_t spec_revision = 0;     // TPM_PT_REVISION: 164 is 1.64
  std::vector<uint16_t> implemented_banks;  // TPM_ALG_IDs of PCR banks, allocated or not
};

// A key loaded in the TPM, or persistent there. Dropping it flushes a transient key; it survives a
// lost connection, because it can be made again. Must not outlive the port it came from.
class TpmKey {
 public:
  virtual ~TpmKey() = default;
  // TPMT_PUBLIC (TPM 2.0 Library, Part 2), as the TPM marshalled it.
  virtual const Bytes& public_area() const = 0;
};

// The endorsement key, with what the vendor wrote into NV about it.
struct EndorsementKey {
  std::unique_ptr<TpmKey> key;
  Bytes certificate;         // exactly as read, padding included; empty if the chip has none
  uint32_t nv_index = 0;     // where it was read, 0 if there is none
  std::vector<Bytes> chain;  // DER certificates of NV 0x01C00100.., in index order
};

// One bank of a PCR selection as somebody asked for it, not yet checked.
struct PcrMask {
  uint16_t hash_algorithm = 0;  // TPM_ALG_ID
  Bytes mask;                   // PCR n is bit n % 8 of byte n / 8
  bool operator==(const PcrMask&) const = default;
};
// INVALID_ARGUMENT unless there are 1 to tpmwire::kPcrBanksMax masks of tpmwire::kPcrMaskBytes
// bytes, each for another bank.
StatusOr<tpmwire::PcrSelections> CheckPcrs(std::span<const PcrMask> pcrs);

// A TPMS_ATTEST and the TPMT_SIGNATURE over it, both as the TPM marshalled them.
struct SignedStatement {
  Bytes attest;
  Bytes signature;
};

// A fresh statement about the device key that is in use, for the renewal of its certificate.
struct KeyAttestation {
  Bytes ak_public;          // TPMT_PUBLIC
  Bytes device_key_public;  // TPMT_PUBLIC
  SignedStatement certify;
  SignedStatement quote;
};

// The TPM as enrolment and reseal need it. Thread-safe.
// Errors of every function, by what to do: UNAVAILABLE the TPM is busy or unreachable, try later;
// RESOURCE_EXHAUSTED its slots or NV space are full; FAILED_PRECONDITION lockout, a password, a
// disabled hierarchy: somebody must change it; UNIMPLEMENTED the chip cannot; DATA_LOSS it is
// broken; INVALID_ARGUMENT it refused the values; INTERNAL a bug. Messages end with a remedy.
class TpmPort {
 public:
  virtual ~TpmPort() = default;

  virtual StatusOr<TpmProperties> ReadProperties() = 0;
  // The best EK the chip offers: with a certificate before without, persistent before made anew,
  // activated by password before by policy, ECC before RSA. Making an RSA EK takes tens of seconds
  // on some chips. Nothing is written.
  virtual StatusOr<EndorsementKey> ReadEndorsementKey() = 0;
  // Makes the attestation key of tpmwire::AkTemplate. `unique` is 32 bytes: the same give the same
  // key on the same TPM.
  virtual StatusOr<std::unique_ptr<TpmKey>> CreateAk(ByteView unique) = 0;
  // Makes the mTLS key of tpmwire::DeviceKeyTemplate from `unique` (32 bytes), as CreateAk does.
  // Nothing is written: until PersistDeviceKey it is gone with the object.
  virtual StatusOr<std::unique_ptr<TpmKey>> CreateDeviceKey(ByteView unique) = 0;
  // Makes a key of CreateDeviceKey persistent and gives its handle: the first of ours that is free
  // or holds this very key or an earlier device key of ours, which is removed. Another's key is
  // never touched. May be repeated. ALREADY_EXISTS if others' keys hold all of the handles.
  virtual StatusOr<uint32_t> PersistDeviceKey(const TpmKey& key) = 0;
  // The key PersistDeviceKey left at `handle`. NOT_FOUND if it is free (the TPM was cleared),
  // ALREADY_EXISTS if the key there is no device key of ours.
  virtual StatusOr<std::unique_ptr<TpmKey>> LoadDeviceKey(uint32_t handle) = 0;
  // TPM2_Certify of `key` by `ak`; TPM2_Quote by `ak`. qualifying_data: at most 32 bytes.
  virtual StatusOr<SignedStatement> Certify(const TpmKey& key, const TpmKey& ak,
                                            ByteView qualifying_data) = 0;
  virtual StatusOr<SignedStatement> Quote(const TpmKey& ak, ByteView qualifying_data,
                                          const tpmwire::PcrSelections& pcrs) = 0;
  // Values of the selected PCRs in selection order; those of banks not allocated are left out.
  virtual StatusOr<std::vector<tpmwire::PcrValue>> ReadPcrs(const tpmwire::PcrSelections& pcrs) = 0;
  // Opens a credential made for `ek` and Name(ak).
  //   credential_blob   TPM2B_ID_OBJECT;   encrypted_secret  TPM2B_ENCRYPTED_SECRET
  // INVALID_ARGUMENT if it was made for another TPM or another AK.
  virtual StatusOr<Secret> ActivateCredential(const TpmKey& ak, const EndorsementKey& ek,
                                              ByteView credential_blob,
                                              ByteView encrypted_secret) = 0;
};

}  // namespace preseal::agent
