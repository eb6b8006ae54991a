// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/service/tpm_port.h"
#include "common/status/status.h"
#include "common/tpmwire/templates.h"

namespace preseal::agent {

class Connection;

struct TpmOptions {
  // As Tss2_TctiLdr_Initialize takes it: "device:/dev/tpmrm0", "swtpm:path=…",
  // "swtpm:host=…,port=…". On hardware never /dev/tpm0: only the kernel's resource manager shares
  // its few slots.
  std::string tcti = "device:/dev/tpmrm0";
  // One of tpmwire::EkKinds() by name, "L-1 RSA-2048"; empty: the best the chip has.
  std::string ek_kind;
  // Where the device key lives; outside 0x81000000..0x8102FFFF, which the TCG gives to others.
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
  // Sets TSS2_LOG to silence the library, unless it is set: call before threads are started.
  // INVALID_ARGUMENT for an unknown ek_kind or a reserved handle; UNAVAILABLE without a TPM.
  static StatusOr<std::unique_ptr<Tpm>> Open(const TpmOptions& options);

  StatusOr<TpmProperties> ReadProperties() override;
  StatusOr<EndorsementKey> ReadEndorsementKey() override;
  StatusOr<std::unique_ptr<TpmKey>> CreateAk(ByteView unique) override;
  StatusOr<std::unique_ptr<TpmKey>> CreateOrLoadDeviceKey(ByteView unique) override;
  StatusOr<SignedStatement> Certify(const TpmKey& key, const TpmKey& ak,
                                    ByteView qualifying_data) override;
  StatusOr<SignedStatement> Quote(const TpmKey& ak, ByteView qualifying_data,
                                  const tpmwire::PcrSelections& pcrs) override;
  StatusOr<std::vector<tpmwire::PcrValue>> ReadPcrs(const tpmwire::PcrSelections& pcrs) override;
  StatusOr<Secret> ActivateCredential(const TpmKey& ak, const EndorsementKey& ek,
                                      ByteView credential_blob, ByteView encrypted_secret) override;

  // The device key as CreateOrLoadDeviceKey left it. NOT_FOUND if the handle is free,
  // ALREADY_EXISTS if a foreign key is there.
  StatusOr<std::unique_ptr<TpmKey>> LoadDeviceKey();
  // ECDSA over a finished digest of any length: as FIPS 186 says, its leftmost 32 bytes count. One
  // TPM command. FAILED_PRECONDITION if the key is restricted (the AK signs only what the TPM
  // made).
  StatusOr<EcdsaSignature> Sign(const TpmKey& key, ByteView digest);

 private:
  Tpm(TpmOptions options, std::shared_ptr<Connection> connection)
      : options_(std::move(options)), connection_(std::move(connection)) {}

  const TpmOptions options_;
  const std::shared_ptr<Connection> connection_;
};

}  // namespace preseal::agent
