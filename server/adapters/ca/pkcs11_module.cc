// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/pkcs11_module.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::server {
namespace {

constexpr std::string_view kFileScheme = "file:";
constexpr CK_ULONG kSlotsMax = 64;
constexpr mode_t kOthersMask = 077;

std::string Unpadded(const unsigned char* text, size_t size) {
  std::string out(reinterpret_cast<const char*>(text), size);
  out.erase(out.find_last_not_of(std::string(" \0", 2)) + 1);
  return out;
}

// A token chosen by nothing would be whichever answers first.
bool NamesToken(P11KitUri* uri) {
  const CK_TOKEN_INFO* token = p11_kit_uri_get_token_info(uri);
  return token->label[0] != 0 || token->serialNumber[0] != 0;
}

bool HasToken(CK_FUNCTION_LIST* module, CK_SLOT_ID slot, P11KitUri* uri) {
  CK_TOKEN_INFO info{};
  return module->C_GetTokenInfo(slot, &info) == CKR_OK &&
         p11_kit_uri_match_token_info(uri, &info) != 0;
}

std::string PlaceName(P11KitUri* uri) {
  const CK_TOKEN_INFO* token = p11_kit_uri_get_token_info(uri);
  const std::string label = token->label[0] != 0
                                ? Unpadded(token->label, sizeof token->label)
                                : Unpadded(token->serialNumber, sizeof token->serialNumber);
  const CK_ATTRIBUTE* object = p11_kit_uri_get_attribute(uri, CKA_LABEL);
  if (object == nullptr) return fmt::format("token \"{}\"", label);
  return fmt::format(
      "token \"{}\", object \"{}\"", label,
      std::string_view(static_cast<const char*>(object->pValue), object->ulValueLen));
}

Status CheckPlace(P11KitUri* uri) {
  if (p11_kit_uri_any_unrecognized(uri) != 0) {
    return InvalidArgument("PKCS#11 URI has an attribute that is not known");
  }
  if (!NamesToken(uri)) return InvalidArgument("PKCS#11 URI names no token= or serial=");
  if (p11_kit_uri_get_attribute(uri, CKA_LABEL) == nullptr &&
      p11_kit_uri_get_attribute(uri, CKA_ID) == nullptr) {
    return InvalidArgument("PKCS#11 URI names no object= or id=");
  }
  if (p11_kit_uri_get_pin_value(uri) != nullptr) {
    return InvalidArgument("PKCS#11 URI holds a PIN: put it into a file and name it by pin-source");
  }
  const char* source = p11_kit_uri_get_pin_source(uri);
  if (source == nullptr || !std::string_view(source).starts_with(kFileScheme)) {
    return InvalidArgument("PKCS#11 URI needs pin-source=file:/path of the token's PIN");
  }
  return OkStatus();
}

}  // namespace

std::vector<CK_ATTRIBUTE> Pkcs11Place::ObjectAttributes() const {
  std::vector<CK_ATTRIBUTE> attributes;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID}) {
    const CK_ATTRIBUTE* attribute = p11_kit_uri_get_attribute(uri.get(), type);
    if (attribute != nullptr) attributes.push_back(*attribute);
  }
  return attributes;
}

StatusOr<Pkcs11Place> ParsePlace(const std::string& text) {
  Pkcs11Place place;
  place.uri.reset(p11_kit_uri_new());
  if (!place.uri) return ResourceExhausted("no memory for a PKCS#11 URI");
  const int result = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, place.uri.get());
  if (result != P11_KIT_URI_OK) {
    return InvalidArgument(
        fmt::format("PKCS#11 URI does not parse: {}", p11_kit_uri_message(result)));
  }
  RETURN_IF_ERROR(CheckPlace(place.uri.get()));
  place.name = PlaceName(place.uri.get());
  place.pin_file = p11_kit_uri_get_pin_source(place.uri.get()) + kFileScheme.size();
  const char* path = p11_kit_uri_get_module_path(place.uri.get());
  if (path != nullptr) place.module_path = path;
  return place;
}

StatusOr<Secret> ReadPin(const std::string& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return files::FromErrno(errno, "inspect PIN file", file);
  if ((facts.st_mode & kOthersMask) != 0) {
    return FailedPrecondition(
        fmt::format("PIN file {} is open to others than its owner: run chmod 600 {}", file, file));
  }
  ASSIGN_OR_RETURN_CTX(Bytes pin, files::Read(file, kPinBytesMax), "PIN file");
  while (!pin.empty() && (pin.back() == '\n' || pin.back() == '\r')) pin.pop_back();
  if (pin.empty()) return FailedPrecondition(fmt::format("PIN file {} is empty", file));
  return Secret(std::move(pin));
}

Status FromRv(CK_RV rv, std::string_view what) {
  const std::string text = fmt::format("{}: {} (0x{:x})", what, p11_kit_strerror(rv), rv);
  switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_INVALID:
      return FailedPrecondition(text + "; not tried again, because tokens lock themselves");
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED:
    case CKR_USER_PIN_NOT_INITIALIZED:
      return FailedPrecondition(text);
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_SLOT_ID_INVALID:
      return NotFound(text);
    default:
      return Unavailable(text);
  }
}

StatusOr<std::unique_ptr<Pkcs11Modules>> Pkcs11Modules::Open(const std::string& path) {
  auto modules = std::unique_ptr<Pkcs11Modules>(new Pkcs11Modules());
  if (path.empty()) {
    modules->registered_ = p11_kit_modules_load_and_initialize(0);
    if (modules->registered_ == nullptr) {
      return NotFound("no PKCS#11 module is registered on this host: name one by module-path");
    }
    for (CK_FUNCTION_LIST** one = modules->registered_; *one != nullptr; ++one) {
      modules->all_.push_back(*one);
    }
    return modules;
  }
  CK_FUNCTION_LIST* module = p11_kit_module_load(path.c_str(), P11_KIT_MODULE_CRITICAL);
  if (module == nullptr) {
    const char* why = p11_kit_message();
    return NotFound(fmt::format("PKCS#11 module {} cannot be loaded: {}", path,
                                why == nullptr ? "no reason given" : why));
  }
  const CK_RV started = p11_kit_module_initialize(module);
  if (started != CKR_OK) {
    p11_kit_module_release(module);
    return FailedPrecondition(fmt::format("PKCS#11 module {} does not start: {} (0x{:x})", path,
                                          p11_kit_strerror(started), started));
  }
  modules->single_ = module;
  modules->all_ = {module};
  return modules;
}

Pkcs11Modules::~Pkcs11Modules() {
  if (registered_ != nullptr) p11_kit_modules_finalize_and_release(registered_);
  if (single_ != nullptr) {
    p11_kit_module_finalize(single_);
    p11_kit_module_release(single_);
  }
}

StatusOr<Pkcs11Modules::Slot> Pkcs11Modules::FindToken(const Pkcs11Place& place) const {
  for (CK_FUNCTION_LIST* module : all_) {
    CK_SLOT_ID slots[kSlotsMax];
    CK_ULONG count = kSlotsMax;
    if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) continue;
    for (CK_ULONG i = 0; i < count; ++i) {
      if (HasToken(module, slots[i], place.uri.get())) return Slot{module, slots[i]};
    }
  }
  return NotFound(fmt::format("{}: no such token is present", place.name));
}

}  // namespace preseal::server
