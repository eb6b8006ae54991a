// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "common/base/limits.h"
#include "server/domain/attestation/attestation_checks.h"

namespace preseal::server {
namespace {

// TCG "Vendor ID Registry".
constexpr uint32_t kMicrosoft = 0x4D534654;
constexpr uint32_t kHardwareVendors[] = {
    0x414D4400 /* AMD */,  0x49465800 /* IFX */, 0x494E5443 /* INTC */,
    0x4E534700 /* NSG */,  0x4E544300 /* NTC */, 0x4E545A00 /* NTZ */,
    0x51434F4D /* QCOM */, 0x53544D20 /* STM */, kMicrosoft /* Pluton */};
constexpr uint32_t kVirtualVendors[] = {0x00001014 /* IBM's PCI id, used by swtpm */,
                                        0x49424D00 /* IBM */, 0x474F4F47 /* GOOG */,
                                        0x564D5700 /* VMW */};
constexpr std::string_view kVirtualWords[] = {"swtpm", "sw tpm", "vtpm", "virtual tpm"};

template <typename List>
bool Contains(const List& list, uint32_t value) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

// Lower case, runs of blanks as one: libtpms calls itself "SW   TPM".
std::string Folded(std::string_view text) {
  std::string folded;
  for (const char c : text) {
    if (c == ' ' && (folded.empty() || folded.back() == ' ')) continue;
    folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

bool SoundsVirtual(std::string_view text) {
  const std::string folded = Folded(text);
  return std::any_of(std::begin(kVirtualWords), std::end(kVirtualWords),
                     [&](std::string_view word) { return folded.find(word) != std::string::npos; });
}

// Microsoft's id is both Hyper-V's virtual TPM and the Pluton chip; only the issuer tells.
bool IsMicrosoftVirtual(const Examination& examination) {
  if (VendorOf(examination) != kMicrosoft) return false;
  return std::none_of(examination.path.issuers.begin(), examination.path.issuers.end(),
                      [](const crypto::Certificate& issuer) {
                        return issuer.subject().find("Pluton") != std::string::npos;
                      });
}

// A TPM in software is as honest as the machine it runs on. Claims can only add suspicion.
CheckResult TpmIsHardware(Examination& examination) {
  if (examination.path.lab) return Remark("attested through a lab root", "a maker's root");
  const std::string_view model = ModelOf(examination);
  const ClaimedTpm& claimed = examination.evidence.claimed_tpm;
  bool is_virtual = Contains(kVirtualVendors, VendorOf(examination)) ||
                    Contains(kVirtualVendors, claimed.manufacturer) ||
                    IsMicrosoftVirtual(examination) || SoundsVirtual(model) ||
                    SoundsVirtual(claimed.vendor_string);
  for (const crypto::Certificate& issuer : examination.path.issuers) {
    is_virtual = is_virtual || SoundsVirtual(issuer.subject());
  }
  if (!is_virtual) return Pass();
  return Refuse(RefusalCode::kTpmIsVirtual,
                fmt::format("manufacturer id:{:08X}, model {}", VendorOf(examination),
                            EscapeForLog(model, kNameBytesMax)),
                "a hardware TPM");
}

CheckResult VendorIsKnown(Examination& examination) {
  const uint32_t vendor = VendorOf(examination);
  const std::vector<uint32_t>& allowed = examination.context.policy->vendors;
  const bool known =
      allowed.empty() ? Contains(kHardwareVendors, vendor) : Contains(allowed, vendor);
  if (examination.path.lab || known) return Pass();
  return Refuse(RefusalCode::kTpmVendorUnknown, fmt::format("id:{:08X}", vendor),
                "a maker on the list");
}

CheckResult VendorAgreesWithClaim(Examination& examination) {
  const uint32_t certified = VendorOf(examination);
  const uint32_t claimed = examination.evidence.claimed_tpm.manufacturer;
  if (examination.path.lab || claimed == 0 || claimed == certified) return Pass();
  return Refuse(RefusalCode::kTpmVendorMismatch, fmt::format("TPM says {:08X}", claimed),
                fmt::format("{:08X}, as its certificate", certified));
}

// Makers as folders of trust lists call them, and their ids in certificates.
struct Maker {
  std::string_view word;
  std::initializer_list<uint32_t> ids;
};
const Maker kMakers[] = {
    {"amd", {0x414D4400}},
    {"atmel", {0x41544D4C}},
    {"infineon", {0x49465800}},
    {"intel", {0x494E5443}},
    {"microsoft", {kMicrosoft}},
    {"nationz", {0x4E545A00, 0x4E534700}},
    {"nsing", {0x4E545A00, 0x4E534700}},
    {"nuvoton", {0x4E544300}},
    {"qc", {0x51434F4D}},
    {"qualcomm", {0x51434F4D}},
    {"stm", {0x53544D20}},
};

// One maker's authority has no business with another maker's chips. An authority nobody named, or
// by a name we do not know, is held to the other checks alone.
CheckResult RootIsTheMakers(Examination& examination) {
  const std::string tag = examination.context.trust->VendorOf(examination.path.issuers);
  const std::string folded = Folded(tag);
  const auto maker = std::find_if(std::begin(kMakers), std::end(kMakers), [&](const Maker& maker) {
    return folded.starts_with(maker.word);
  });
  if (examination.path.lab || folded.empty() || maker == std::end(kMakers)) return Pass();
  if (Contains(maker->ids, VendorOf(examination))) return Pass();
  return Refuse(RefusalCode::kTpmVendorMismatch,
                fmt::format("id:{:08X}, certified by {}", VendorOf(examination),
                            EscapeForLog(tag, kNameBytesMax)),
                "the authority of the TPM's maker");
}

constexpr AttestationCheck kChecks[] = {
    {501, "TPM is hardware", TpmIsHardware},
    {502, "TPM vendor is known", VendorIsKnown},
    {503, "TPM vendor agrees with its certificate", VendorAgreesWithClaim},
    {504, "certificate is by the TPM's maker", RootIsTheMakers},
};

}  // namespace

// Without a certificate only the TPM's own word is left.
uint32_t VendorOf(const Examination& examination) {
  const auto& certified = examination.ek_facts.manufacturers;
  return certified.empty() ? examination.evidence.claimed_tpm.manufacturer
                           : ParseTpmId(certified[0]).value_or(0);
}

std::string_view ModelOf(const Examination& examination) {
  const auto& certified = examination.ek_facts.models;
  return certified.empty() ? std::string_view(examination.evidence.claimed_tpm.vendor_string)
                           : std::string_view(certified[0]);
}

AttestationChecks TpmIdentityChecks() { return kChecks; }

}  // namespace preseal::server
