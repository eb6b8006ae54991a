// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/adapters/tpm/tpm.h"
#include "common/status/status.h"

namespace preseal::agent {

// Offers a TPM-held P-256 key to OpenSSL, and so to gRPC, under a name: an in-process OpenSSL
// ENGINE "preseal" of which only the key loader is registered (gRPC makes every method an engine
// has the process's default). Give `pem_private_key = key.reference()` to SslCredentials.
//
// The engine itself lives as long as the process, as OpenSSL wants it. Dropping this object only
// takes the name away: connections that already use the key keep it, and keep its TPM open.
// Signing is one TPM command and survives a restart of the TPM. Thread-safe.
class EngineKey {
 public:
  // Offers `key`, held by `tpm`, as "engine:preseal:<name>". Call before the first channel that
  // uses it. INVALID_ARGUMENT unless the key is P-256 and may sign freely, or if the name is empty
  // or has a colon; ALREADY_EXISTS if it is taken; INTERNAL if this OpenSSL has no engines.
  static StatusOr<std::unique_ptr<EngineKey>> Register(std::shared_ptr<Tpm> tpm,
                                                       std::unique_ptr<TpmKey> key,
                                                       std::string_view name = "device-key");
  ~EngineKey();
  EngineKey(const EngineKey&) = delete;
  EngineKey& operator=(const EngineKey&) = delete;

  // What stands where a private key in PEM would: "engine:preseal:device-key".
  std::string reference() const { return "engine:preseal:" + name_; }

 private:
  explicit EngineKey(std::string name) : name_(std::move(name)) {}
  const std::string name_;
};

}  // namespace preseal::agent
