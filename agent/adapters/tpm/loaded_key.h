// SPDX-License-Identifier: Apache-2.0
// Inner part of this folder: keys and how to get them again.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/adapters/tpm/connection.h"
#include "agent/service/enrollment/tpm_port.h"
#include "common/tpmwire/public_area.h"

namespace preseal::agent {

// Where a key comes from: a persistent handle, or a primary of a hierarchy by its template.
struct KeyRecipe {
  uint32_t persistent_handle = 0;  // 0: a primary
  ESYS_TR hierarchy = ESYS_TR_NONE;
  TPM2B_PUBLIC key_template{};
};

// A key by its recipe, loaded in the present context and again in every later one. Loading is one
// command. When the TPM's slots are full, what killed processes left in them is flushed once.
// Methods taking a Link are called inside Connection::Run and need no lock of their own.
class LoadedKey final : public TpmKey {
 public:
  // NOT_FOUND if the recipe's persistent handle is free. `verb` begins the error's message.
  static StatusOr<std::unique_ptr<LoadedKey>> Load(Link& link,
                                                   std::shared_ptr<Connection> connection,
                                                   const KeyRecipe& recipe, std::string_view verb);
  ~LoadedKey() override;

  const Bytes& public_area() const override { return public_area_; }
  // TPM2B_NAME content of the qualified name: tells the hierarchy. One command.
  StatusOr<Bytes> ReadQualifiedName(Link& link) const;
  // The handle in the link's context. FAILED_PRECONDITION if the TPM now gives another key: it was
  // cleared or exchanged.
  StatusOr<ESYS_TR> Use(Link& link) const;
  // The key behind the port's interface; INTERNAL if it belongs to another kind of TPM.
  static StatusOr<const LoadedKey*> From(const TpmKey& key);

 private:
  LoadedKey(std::shared_ptr<Connection> connection, const KeyRecipe& recipe)
      : connection_(std::move(connection)), recipe_(recipe) {}

  const std::shared_ptr<Connection> connection_;
  const KeyRecipe recipe_;
  Bytes public_area_;
  // Guarded by the connection's lock, through Link.
  mutable ESYS_TR handle_ = ESYS_TR_NONE;
  mutable uint64_t generation_ = 0;
};

}  // namespace preseal::agent
