// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/policy_text.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "server/domain/trust/strict_json.h"

namespace preseal::server {
namespace {

constexpr EnumName<ExpiredEk> kExpired[] = {{ExpiredEk::kRefuse, "refuse"},
                                            {ExpiredEk::kAcceptWithFinding, "accept-with-finding"}};
constexpr EnumName<RevocationUse> kRevocation[] = {{RevocationUse::kOff, "off"},
                                                   {RevocationUse::kPrefer, "prefer"},
                                                   {RevocationUse::kRequire, "require"}};
constexpr EnumName<EventLogUse> kEventLog[] = {{EventLogUse::kOff, "off"},
                                               {EventLogUse::kIfSent, "if-sent"},
                                               {EventLogUse::kRequire, "require"}};
constexpr EnumName<GoldenUse> kGolden[] = {{GoldenUse::kOff, "off"},
                                           {GoldenUse::kEnforce, "enforce"}};

constexpr EnumName<Demand> kDemand[] = {
    {Demand::kRequired, "required"}, {Demand::kFinding, "finding"}, {Demand::kOff, "off"}};
constexpr uint32_t kPcrMax = 23;
constexpr size_t kDigestBytesMax = 64;

struct Maker {
  std::string_view name;
  uint32_t id;
};
// TCG Vendor ID Registry, "TPM Capabilities Vendor ID".
constexpr Maker kMakers[] = {
    {"AMD", 0x414D4400}, {"ATML", 0x41544D4C}, {"BRCM", 0x4252434D}, {"GOOG", 0x474F4F47},
    {"IBM", 0x49424D00}, {"IFX", 0x49465800},  {"INTC", 0x494E5443}, {"MSFT", 0x4D534654},
    {"NSM", 0x4E534D20}, {"NTC", 0x4E544300},  {"NTZ", 0x4E545A00},  {"QCOM", 0x51434F4D},
    {"STM", 0x53544D20}, {"WEC", 0x57454300},
};

std::optional<uint64_t> Number(std::string_view text, int base) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, base);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<uint64_t> Hex(std::string_view text, size_t digits) {
  if (!text.starts_with("0x") || text.size() != 2 + digits) return std::nullopt;
  return Number(text.substr(2), 16);
}

StatusOr<TrustModel> ParseTrustModel(const std::string& text) {
  for (const TrustModel model : {TrustModel::kEkPub, TrustModel::kEkCert, TrustModel::kToken}) {
    if (NameOf(model) == text) return model;
  }
  return InvalidArgument("must be ekpub, ekcert or token");
}
std::string TrustModelText(TrustModel model) { return std::string(NameOf(model)); }

StatusOr<RefusalCode> ParseQuarantine(const std::string& text) {
  const auto code = ParseRefusalCode(text);
  if (!code) return InvalidArgument("must be a refusal code");
  if (!MayQuarantine(*code)) return InvalidArgument("may not lead to quarantine");
  return *code;
}
std::string RefusalText(RefusalCode code) { return std::string(NameOf(code)); }

StatusOr<uint16_t> ParseBank(const std::string& text) {
  const auto value = Hex(text, 4);
  if (!value) return InvalidArgument("must be a TPM_ALG_ID such as 0x000b");
  return static_cast<uint16_t>(*value);
}
std::string BankText(uint16_t bank) { return fmt::format("0x{:04x}", bank); }

template <typename Codec>
void DescribeLine(Codec& codec, LineRule& line) {
  codec.Text("name", line.name, kNameBytesMax);
  codec.Texts("stations", line.stations, kPolicyListMax, kNameBytesMax);
  codec.Each("require", line.require, kPolicyListMax, TrustModelText, ParseTrustModel);
}

template <typename Codec>
void DescribeFirmware(Codec& codec, FirmwareRule& rule) {
  codec.As("vendor", rule.vendor, 0u, VendorIdText, ParseVendorId);
  codec.Text("model", rule.model, kNameBytesMax);
  codec.As("versions_from", rule.versions_from, uint64_t{0}, FirmwareVersionText,
           ParseFirmwareVersion);
  codec.As("versions_below", rule.versions_below, UINT64_MAX, FirmwareVersionText,
           ParseFirmwareVersion);
  codec.Flag("denied", rule.denied);
  codec.Text("advisory", rule.advisory, kNameBytesMax);
  codec.Text("remedy", rule.remedy, kTrustReasonBytesMax);
}

template <typename Codec>
void DescribeOpenBank(Codec& codec, OpenBankRule& rule) {
  codec.Text("model", rule.model, kNameBytesMax);
  codec.As("bank", rule.bank, uint16_t{0}, BankText, ParseBank);
  codec.Text("reason", rule.reason, kTrustReasonBytesMax);
}

StatusOr<Bytes> ParseDigest(const std::string& text) {
  auto digest = FromHex(text);
  if (!digest.ok() || digest->empty() || digest->size() > kDigestBytesMax) {
    return InvalidArgument("must be a digest in hex");
  }
  return digest;
}
std::string DigestText(const Bytes& digest) { return ToHex(digest); }

// A set as the list it is written as.
template <typename T, typename Read>
void AsList(std::set<T>& set, Read read) {
  std::vector<T> list(set.begin(), set.end());
  read(list);
  set = std::set<T>(list.begin(), list.end());
}

struct PcrValues {
  uint32_t pcr = 0;
  std::set<Bytes> digests;
};

template <typename Codec>
void DescribeAllowance(Codec& codec, PcrAllowance& allowance) {
  codec.As("bank", allowance.bank, uint16_t{0}, BankText, ParseBank);
  std::vector<PcrValues> list;
  for (const auto& [pcr, digests] : allowance.values) list.push_back({pcr, digests});
  codec.List("values", list, kPcrMax + 1, [](auto& child, PcrValues& one) {
    child.Number("pcr", one.pcr, kPcrMax);
    AsList(one.digests, [&child](std::vector<Bytes>& digests) {
      child.Each("digests", digests, kPolicyListMax, DigestText, ParseDigest);
    });
  });
  for (PcrValues& one : list) allowance.values[one.pcr].merge(one.digests);
}

// The golden sets are the record's: two people approved them, no policy text may.
template <typename Codec>
void DescribeBoot(Codec& codec, BootPolicy& boot) {
  codec.Enum("secure_boot", boot.secure_boot, kDemand);
  codec.Enum("setup_mode_off", boot.setup_mode_off, kDemand);
  codec.Enum("no_firmware_error", boot.no_firmware_error, kDemand);
  codec.Enum("no_debug_mode", boot.no_debug_mode, kDemand);
  codec.Enum("dma_protection", boot.dma_protection, kDemand);
  AsList(boot.dbx_minimum, [&codec](std::vector<Bytes>& hashes) {
    codec.Each("dbx_minimum", hashes, kSignatureListEntriesMax, DigestText, ParseDigest);
  });
  AsList(boot.authorities_allowed, [&codec](std::vector<std::string>& authorities) {
    codec.Texts("authorities_allowed", authorities, kPolicyListMax, kNameBytesMax);
  });
  codec.Flag("golden_required", boot.golden_required);
  codec.List("media", boot.media, kPolicyListMax,
             [](auto& child, PcrAllowance& one) { DescribeAllowance(child, one); });
}

// Every field of a policy, once: reading and writing follow from it.
template <typename Codec>
void DescribePolicy(Codec& codec, AttestationPolicy& policy) {
  codec.Text("name", policy.name, kNameBytesMax);
  codec.Each("require", policy.require, kPolicyListMax, TrustModelText, ParseTrustModel);
  codec.List("lines", policy.lines, kPolicyListMax,
             [](auto& child, LineRule& line) { DescribeLine(child, line); });
  codec.Enum("expired_ek", policy.expired_ek, kExpired);
  codec.Enum("revocation", policy.revocation, kRevocation);
  codec.Each("vendors", policy.vendors, kPolicyListMax, VendorIdText, ParseVendorId);
  codec.List("firmware", policy.firmware, kPolicyListMax,
             [](auto& child, FirmwareRule& rule) { DescribeFirmware(child, rule); });
  codec.Enum("event_log", policy.event_log, kEventLog);
  codec.List("open_banks", policy.open_banks, kPolicyListMax,
             [](auto& child, OpenBankRule& rule) { DescribeOpenBank(child, rule); });
  codec.Enum("golden", policy.golden, kGolden);
  codec.Map("boot", policy.boot, [](auto& child, BootPolicy& boot) { DescribeBoot(child, boot); });
  codec.Each("quarantine", policy.quarantine, kPolicyListMax, RefusalText, ParseQuarantine);
}

// What no single field shows.
JsonFault Contradiction(const AttestationPolicy& policy) {
  if (policy.name.empty()) return {"name", "is empty"};
  if (policy.require.empty()) return {"require", "nothing is required: anybody could enrol"};
  for (size_t i = 0; i < policy.lines.size(); ++i) {
    const LineRule& line = policy.lines[i];
    const std::string path = fmt::format("lines[{}]", i);
    if (line.require.empty()) return {path + ".require", "nothing is required"};
    if (line.stations.empty()) return {path + ".stations", "names no station"};
  }
  for (size_t i = 0; i < policy.firmware.size(); ++i) {
    const FirmwareRule& rule = policy.firmware[i];
    const std::string path = fmt::format("firmware[{}]", i);
    if (rule.versions_from >= rule.versions_below) return {path, "concerns no version"};
    if (rule.model.empty()) return {path + ".model", "is empty"};
    if (rule.advisory.empty()) return {path + ".advisory", "is missing"};
    if (rule.remedy.empty()) return {path + ".remedy", "is missing"};
  }
  for (size_t i = 0; i < policy.open_banks.size(); ++i) {
    if (policy.open_banks[i].reason.empty()) {
      return {fmt::format("open_banks[{}].reason", i), "is missing"};
    }
  }
  return {};
}

}  // namespace

StatusOr<uint64_t> ParseFirmwareVersion(std::string_view text) {
  if (const auto exact = Hex(text, 16)) return *exact;
  const size_t dot = text.find('.');
  if (dot != std::string_view::npos) {
    const auto major = Number(text.substr(0, dot), 10);
    const auto minor = Number(text.substr(dot + 1), 10);
    if (major && minor && *major <= 0xFFFF && *minor <= 0xFFFF) {
      return *major << 48 | *minor << 32;
    }
  }
  return InvalidArgument("must be MAJOR.MINOR, or 0x and 16 hex digits");
}

std::string FirmwareVersionText(uint64_t version) {
  if ((version & 0xFFFFFFFF) == 0) {
    return fmt::format("{}.{}", version >> 48, (version >> 32) & 0xFFFF);
  }
  return fmt::format("0x{:016x}", version);
}

StatusOr<uint32_t> ParseVendorId(std::string_view text) {
  for (const Maker& maker : kMakers) {
    if (maker.name == text) return maker.id;
  }
  if (const auto id = Hex(text, 8)) return static_cast<uint32_t>(*id);
  return InvalidArgument("must be a TPM maker such as IFX, or 0x and 8 hex digits");
}

std::string VendorIdText(uint32_t vendor) {
  for (const Maker& maker : kMakers) {
    if (maker.id == vendor) return std::string(maker.name);
  }
  return fmt::format("0x{:08x}", vendor);
}

std::string PolicyText(const AttestationPolicy& policy) {
  AttestationPolicy copy = policy;
  JsonWriter writer;
  DescribePolicy(writer, copy);
  return writer.Dump();
}

StatusOr<AttestationPolicy> ReadPolicy(const nlohmann::json& json, std::string* fault_path) {
  JsonFault fault;
  AttestationPolicy policy;
  JsonReader reader(json, "", &fault);
  DescribePolicy(reader, policy);
  reader.Finish();
  if (fault.problem.empty()) fault = Contradiction(policy);
  if (fault_path != nullptr) *fault_path = fault.path;
  RETURN_IF_ERROR(fault.ToStatus());
  policy.sha256 = crypto::Sha256(AsBytes(PolicyText(policy)));
  return policy;
}

StatusOr<AttestationPolicy> ParsePolicyText(std::string_view text) {
  if (text.size() > kPolicyBytesMax) return InvalidArgument("policy is too large");
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseStrictJson(text));
  return ReadPolicy(json, nullptr);
}

}  // namespace preseal::server
