// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 URI taken apart, and the modules it means; for this folder's pkcs11_*.cc only.
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret.h"
#include "common/status/status.h"

namespace preseal::server {

struct FreeUri {
  void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
};

struct Pkcs11Place {
  std::unique_ptr<P11KitUri, FreeUri> uri;
  std::string name;  // "token \"T\", object \"O\"" for messages
  std::string module_path;
  std::string pin_file;

  // Only label and id of the object, which private and public key share.
  std::vector<CK_ATTRIBUTE> ObjectAttributes() const;
};

StatusOr<Pkcs11Place> ParsePlace(const std::string& text);
// Without the line's end. FAILED_PRECONDITION: open to others, empty.
StatusOr<Secret> ReadPin(const std::string& file);

// "WHAT: TEXT (0xRV)". The code says what to do: FAILED_PRECONDITION for a PIN or a login,
// NOT_FOUND for a missing token, UNAVAILABLE for everything else.
Status FromRv(CK_RV rv, std::string_view what);

// Modules that are initialised; finalised and released when this goes.
class Pkcs11Modules {
 public:
  // One by its path, or all that are registered if `path` is empty.
  static StatusOr<std::unique_ptr<Pkcs11Modules>> Open(const std::string& path);
  ~Pkcs11Modules();
  Pkcs11Modules(const Pkcs11Modules&) = delete;
  Pkcs11Modules& operator=(const Pkcs11Modules&) = delete;

  struct Slot {
    CK_FUNCTION_LIST* module = nullptr;
    CK_SLOT_ID id = 0;
  };
  // NOT_FOUND: no slot has the token.
  StatusOr<Slot> FindToken(const Pkcs11Place& place) const;

 private:
  Pkcs11Modules() = default;
  CK_FUNCTION_LIST* single_ = nullptr;
  CK_FUNCTION_LIST** registered_ = nullptr;  // null-terminated
  std::vector<CK_FUNCTION_LIST*> all_;
};

}  // namespace preseal::server
