// SPDX-License-Identifier: Apache-2.0
// A software TPM in an attacker's hands: keys of any template in any hierarchy, statements over
// anything the TPM will sign. Each test that uses one makes its attack with the TPM's own commands.
#pragma once

#include <memory>
#include <string>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/loaded_key.h"
#include "agent/service/enrollment/tpm_port.h"
#include "common/tpmwire/pcr.h"
#include "common/tpmwire/public_area.h"

namespace preseal::test {

enum class Hierarchy { kOwner, kEndorsement };

// Commands the product never gives. Not thread-safe; its keys must not outlive it.
class AttackChip {
 public:
  static StatusOr<std::unique_ptr<AttackChip>> Open(const std::string& tcti);

  // A primary of that template, with its own password empty.
  StatusOr<std::unique_ptr<agent::LoadedKey>> Create(const tpmwire::PublicArea& key_template,
                                                     Hierarchy hierarchy);
  StatusOr<agent::SignedStatement> Certify(const agent::LoadedKey& key, const agent::LoadedKey& ak,
                                           ByteView qualifying_data);
  StatusOr<agent::SignedStatement> Quote(const agent::LoadedKey& ak, ByteView qualifying_data,
                                         const tpmwire::PcrSelections& pcrs);
  // TPM2_Hash of `message` (at most 1024 bytes), then TPM2_Sign of the digest with the ticket that
  // gave. A restricted key signs only what a ticket says is no statement of a TPM.
  StatusOr<Bytes> HashAndSign(const agent::LoadedKey& key, ByteView message);

 private:
  explicit AttackChip(std::shared_ptr<agent::Connection> connection)
      : connection_(std::move(connection)) {}
  const std::shared_ptr<agent::Connection> connection_;
};

}  // namespace preseal::test
