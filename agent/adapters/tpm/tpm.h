// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "agent/service/enrollment/tpm_port.h"
#include "common/status/status.h"
#include "common/tpmwire/templates.h"

namespace preseal::agent {

class Connection;
struct Inventory;

struct TpmOptions {
  // As Tss2_TctiLdr_Initialize takes it: "device:/dev/tpmrm0", "swtpm:path=…",
  // "swtpm:host=…,port=…". On hardware never /dev/tpm0: only the kernel's resource manager shares
  // its few slots.
  std::string tcti = "device:/dev/tpmrm0";
  // One of tpmwire::EkKinds() by name, "L-1 RSA-2048"; empty: the best the chip has.
  std::string ek_kind;
  // The first of kDeviceKeyHandlesMax handles where the device key may live; outside
  // 0x81000000..0x8102FFFF, which the TCG gives to others.
  uint32_t device_key_handle = tpmwire::kHandleDeviceKey;
};

// An ECDSA P-256 signature; big-endian, 32 bytes each, padded on the left.
struct EcdsaSignature {
  Bytes r;
  Bytes s;
};

// A TPM 2.0 through ESAPI. Survives restarts of the TPM and of what stands between: the command is
// repeated on a new connection and its keys are made again, within kTpmReopensMax.
// Hierarchies are used with their empty passwords. Thread-safe; one command runs at a time. Keys
// handed out keep the connection alive, so they may outlive this object.
class Tpm final : public TpmPort {
 public:
  // Takes the chip's inventory, once for the object's life: two commands, so that a TPM that is
  // missing, of version 1.2 or in failure mode is named here and not in mid-enrolment.
  // Sets TSS2_LOG to silence the library, unless it is set: call before threads are started.
  // INVALID_ARGUMENT for an unknown ek_kind or a reserved handle; UNAVAILABLE without a TPM;
  // otherwise as TpmPort.
  static StatusOr<std::unique_ptr<Tpm>> Open(const TpmOptions& options);
  ~Tpm() override;

  StatusOr<TpmProperties> ReadProperties() override;
  StatusOr<EndorsementKey> ReadEndorsementKey() override;
  StatusOr<std::unique_ptr<TpmKey>> CreateAk(ByteView unique) override;
  StatusOr<std::unique_ptr<TpmKey>> CreateDeviceKey(ByteView unique) override;
  StatusOr<uint32_t> PersistDeviceKey(const TpmKey& key) override;
  StatusOr<std::unique_ptr<TpmKey>> LoadDeviceKey(uint32_t handle) override;
  StatusOr<SignedStatement> Certify(const TpmKey& key, const TpmKey& ak,
                                    ByteView qualifying_data) override;
  StatusOr<SignedStatement> Quote(const TpmKey& ak, ByteView qualifying_data,
                                  const tpmwire::PcrSelections& pcrs) override;
  StatusOr<std::vector<tpmwire::PcrValue>> ReadPcrs(const tpmwire::PcrSelections& pcrs) override;
  StatusOr<Secret> ActivateCredential(const TpmKey& ak, const EndorsementKey& ek,
                                      ByteView credential_blob, ByteView encrypted_secret) override;

  // ECDSA over a finished digest of any length: as FIPS 186 says, its leftmost 32 bytes count. One
  // TPM command. FAILED_PRECONDITION if the key is restricted (the AK signs only what the TPM
  // made).
  StatusOr<EcdsaSignature> Sign(const TpmKey& key, ByteView digest);

 private:
  Tpm(TpmOptions options, std::shared_ptr<Connection> connection, Inventory inventory);

  const TpmOptions options_;
  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<const Inventory> inventory_;
  // Bytes one NV_Read gives; what every TPM gives until ReadProperties knows better.
  std::atomic<size_t> nv_step_;
};

}  // namespace preseal::agent
