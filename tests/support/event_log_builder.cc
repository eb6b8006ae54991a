// SPDX-License-Identifier: Apache-2.0
#include "tests/support/event_log_builder.h"

#include <cstdio>
#include <cstdlib>

#include "server/domain/event_log/event_log.h"
#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/replay.h"
#include "server/domain/event_log/uefi_variable.h"

namespace preseal::test {
namespace {

// A self-signed P-256 certificate whose key was thrown away.
constexpr std::string_view kBootAuthority =
    "308201b63082015da0030201020214674c290f1ed571e358ef409bb41228e7d1be0efd300a06082a8648ce3d04"
    "0302303031153013060355040a0c0c5072657365616c20546573743117301506035504030c0e426f6f74204175"
    "74686f726974793020170d3236313132323036333230335a180f32313236313032393036333230335a30303115"
    "3013060355040a0c0c5072657365616c20546573743117301506035504030c0e426f6f7420417574686f726974"
    "793059301306072a8648ce3d020106082a8648ce3d03010703420004ed3eb705c73e523cf72d46302f4fe8b4d4"
    "01c74314bd97e3254848590b6e8381cb9b8a8c391557d88a4ff3eb480d6f7ce1f435fd5ff8d90785cf62257a33"
    "db03a3533051301d0603551d0e0416041457c6b3cb8b64475da8ebbcfcfef17306576bcf9a301f0603551d2304"
    "183016801457c6b3cb8b64475da8ebbcfcfef17306576bcf9a300f0603551d130101ff040530030101ff300a06"
    "082a8648ce3d040302034700304402201d02fb27340fa8d70278d031715b4e4c3644b90b4f19b05f2b32d4ebe2"
    "6fe1b902203e1192d0f08c0080652027088095cfa55336b3226a6c06936bb1a12cf1c1a90f";

const Bytes kZeros(4, 0);
constexpr std::string_view kOwner = "77fa9abd-0359-4d32-bd60-28f4e78f784b";

[[noreturn]] void Die(std::string_view what) {
  std::fprintf(stderr, "event log builder: no %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

Bytes Text(std::string_view text) { return ToBytes(text); }
Bytes TextNul(std::string_view text) { return Join({Text(text), {0}}); }

Bytes WithOwner(ByteView data) { return Join({server::GuidBytes(kOwner), ToBytes(data)}); }

Bytes SpecId(const std::vector<uint16_t>& algorithms) {
  Bytes out = Join({Text("Spec ID Event03"),
                    {0},
                    LittleEndian(0, 4),
                    {0, 2, 0, 2},
                    LittleEndian(algorithms.size(), 4)});
  for (const uint16_t algorithm : algorithms) {
    out = Join(
        {out, LittleEndian(algorithm, 2), LittleEndian(server::BankDigestBytes(algorithm), 2)});
  }
  return Join({out, {0}});
}

void AddSecureBootVariables(EventLogBuilder& log) {
  const auto add = [&](std::string_view guid, std::string_view name, const Bytes& data) {
    log.Add(7, server::kEvEfiVariableDriverConfig, UefiVariableData(guid, name, data));
  };
  const Bytes keys = SignatureList(server::kGuidCertX509, {WithOwner(BootAuthorityCertificate())});
  const Bytes forbidden = SignatureList(server::kGuidCertSha256,
                                        {WithOwner(Bytes(32, 0xD1)), WithOwner(Bytes(32, 0xD2))});
  add(server::kGuidGlobalVariable, "SecureBoot", {1});
  add(server::kGuidGlobalVariable, "PK", keys);
  add(server::kGuidGlobalVariable, "KEK", keys);
  add(server::kGuidSecurityDatabase, "db", keys);
  add(server::kGuidSecurityDatabase, "dbx", forbidden);
}

void AddBootEntries(EventLogBuilder& log) {
  const auto add = [&](std::string_view name, const Bytes& data) {
    log.Add(1, server::kEvEfiVariableBoot,
            UefiVariableData(server::kGuidGlobalVariable, name, data), data);
  };
  add("BootOrder", {1, 0, 2, 0});
  add("Boot0001", LoadOption("Preseal medium", "\\EFI\\BOOT\\BOOTX64.EFI"));
}

void AddBootLoader(EventLogBuilder& log) {
  log.Add(4, server::kEvEfiAction, AsBytes("Calling EFI Application from Boot Option"));
  for (uint32_t pcr = 0; pcr < 7; ++pcr) log.Add(pcr, server::kEvSeparator, kZeros);
  log.Add(5, server::kEvEfiGptEvent, Bytes(92, 0x47));
  log.Add(
      7, server::kEvEfiVariableAuthority,
      UefiVariableData(server::kGuidSecurityDatabase, "db", WithOwner(BootAuthorityCertificate())));
  log.Add(4, server::kEvEfiBootServicesApplication, Bytes(40, 0x10), AsBytes("image of shim"));
  log.Add(14, server::kEvIpl, TextNul("MokList"), AsBytes("content of MokList"));
  log.Add(4, server::kEvEfiBootServicesApplication, Bytes(40, 0x20), AsBytes("image of grub"));
  log.Add(8, server::kEvIpl, TextNul("grub_cmd: search --label PRESEAL"),
          AsBytes("search --label PRESEAL"));
  log.Add(9, server::kEvIpl, TextNul("/boot/vmlinuz"), AsBytes("content of the kernel"));
  log.Add(8, server::kEvIpl, TextNul("kernel_cmdline: /boot/vmlinuz quiet preseal=1"),
          AsBytes("/boot/vmlinuz quiet preseal=1"));
  log.Add(9, server::kEvIpl, TextNul("/boot/initrd"), AsBytes("content of the initrd"));
  log.Add(5, server::kEvEfiAction, AsBytes("Exit Boot Services Invocation"));
  log.Add(5, server::kEvEfiAction, AsBytes("Exit Boot Services Returned with Success"));
}

Bytes LegacyRecord(const EventSpec& event, const Bytes& digest, const Bytes& data) {
  return Join(
      {LittleEndian(event.pcr, 4), LittleEndian(event.type, 4), digest,
       LittleEndian(event.stated_data_bytes.value_or(static_cast<uint32_t>(data.size())), 4),
       data});
}

}  // namespace

Bytes LittleEndian(uint64_t value, size_t bytes) {
  Bytes out;
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  return out;
}

Bytes Join(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes Utf16(std::string_view ascii) {
  Bytes out;
  for (const char c : ascii) {
    out.push_back(static_cast<uint8_t>(c));
    out.push_back(0);
  }
  return out;
}

Bytes UefiVariableData(std::string_view guid, std::string_view name, ByteView data) {
  return Join({server::GuidBytes(guid), LittleEndian(name.size(), 8), LittleEndian(data.size(), 8),
               Utf16(name), ToBytes(data)});
}

Bytes SignatureList(std::string_view type_guid, const std::vector<Bytes>& entries) {
  const size_t entry_bytes = entries.front().size();
  return Join({server::GuidBytes(type_guid), LittleEndian(28 + entries.size() * entry_bytes, 4),
               LittleEndian(0, 4), LittleEndian(entry_bytes, 4), Join(entries)});
}

Bytes LoadOption(std::string_view description, std::string_view path) {
  const Bytes file = Join({Utf16(path), {0, 0}});
  const Bytes node = Join({{4, 4}, LittleEndian(4 + file.size(), 2), file, {0x7F, 0xFF, 4, 0}});
  return Join({LittleEndian(1, 4), LittleEndian(node.size(), 2), Utf16(description), {0, 0}, node});
}

const Bytes& BootAuthorityCertificate() {
  static const Bytes der = FromHex(kBootAuthority).value();
  return der;
}

EventLogBuilder::EventLogBuilder(std::vector<uint16_t> algorithms)
    : spec_id(SpecId(algorithms)), algorithms_(std::move(algorithms)) {
  header.type = server::kEvNoAction;
  header.digests = {Bytes(20, 0)};
}

EventLogBuilder& EventLogBuilder::SecureBootBoot(std::string_view variant) {
  Add(0, server::kEvNoAction, Join({TextNul("StartupLocality"), {3}}));
  Add(0, server::kEvSCrtmVersion, Utf16(variant));
  Add(0, server::kEvPostCode, AsBytes("POST CODE"), AsBytes("firmware volume"));
  Add(1, server::kEvPostCode, AsBytes("SMBIOS"), AsBytes("tables"));
  Add(2, 0x80000004, Bytes(24, 0x30), AsBytes("option ROM"));
  Add(3, server::kEvPostCode, AsBytes("ROM setup"), AsBytes("settings"));
  Add(6, 0x0000000C, AsBytes("maker's own"), AsBytes("maker's own value"));
  AddSecureBootVariables(*this);
  Add(7, server::kEvSeparator, kZeros);
  AddBootEntries(*this);
  AddBootLoader(*this);
  return *this;
}

EventLogBuilder& EventLogBuilder::Add(uint32_t pcr, uint32_t type, ByteView data) {
  return Add(pcr, type, data, data);
}

EventLogBuilder& EventLogBuilder::Add(uint32_t pcr, uint32_t type, ByteView data,
                                      ByteView measured) {
  EventSpec event;
  event.pcr = pcr;
  event.type = type;
  event.data = ToBytes(data);
  event.measured = ToBytes(measured);
  return Add(std::move(event));
}

EventLogBuilder& EventLogBuilder::Add(EventSpec event) {
  events_.push_back(std::move(event));
  return *this;
}

EventSpec& EventLogBuilder::Find(uint32_t pcr, uint32_t type, size_t n) {
  for (EventSpec& event : events_) {
    if (event.pcr == pcr && event.type == type && n-- == 0) return event;
  }
  Die("such event");
}

EventSpec& EventLogBuilder::FindVariable(std::string_view name) {
  for (EventSpec& event : events_) {
    if (event.pcr != 7 || event.type != server::kEvEfiVariableDriverConfig) continue;
    const auto variable = server::ParseUefiVariable(event.data);
    if (variable && variable->name == name) return event;
  }
  Die(name);
}

size_t EventLogBuilder::IndexOf(const EventSpec& event) const {
  return static_cast<size_t>(&event - events_.data());
}

std::vector<Bytes> EventLogBuilder::DigestsOf(const EventSpec& event) const {
  if (event.digests) return *event.digests;
  std::vector<Bytes> digests;
  for (const uint16_t algorithm : algorithms_) {
    digests.push_back(event.type == server::kEvNoAction
                          ? Bytes(server::BankDigestBytes(algorithm), 0)
                          : server::BankHash(algorithm, event.measured));
  }
  return digests;
}

Bytes EventLogBuilder::Build() const {
  Bytes out = LegacyRecord(header, header.digests->front(), spec_id);
  for (const EventSpec& event : events_) {
    const auto digests = DigestsOf(event);
    Bytes record = Join(
        {LittleEndian(event.pcr, 4), LittleEndian(event.type, 4), LittleEndian(digests.size(), 4)});
    for (size_t i = 0; i < digests.size(); ++i) {
      record = Join({record, LittleEndian(algorithms_[i % algorithms_.size()], 2), digests[i]});
    }
    const auto size = event.stated_data_bytes.value_or(static_cast<uint32_t>(event.data.size()));
    record = Join({record, LittleEndian(size, 4), event.data});
    out.insert(out.end(), record.begin(), record.end());
  }
  return out;
}

Bytes EventLogBuilder::BuildLegacy() const {
  Bytes out;
  for (const EventSpec& event : events_) {
    const Bytes digest = event.type == server::kEvNoAction
                             ? Bytes(20, 0)
                             : server::BankHash(server::kBankSha1, event.measured);
    const Bytes record = LegacyRecord(event, digest, event.data);
    out.insert(out.end(), record.begin(), record.end());
  }
  return out;
}

std::vector<server::QuotedBank> EventLogBuilder::Quote() const {
  std::vector<server::QuotedBank> quoted;
  for (const server::ReplayedBank& bank : server::ReplayEventLog(server::ParseEventLog(Build()))) {
    server::QuotedBank& out = quoted.emplace_back();
    out.algorithm = bank.algorithm;
    for (const uint32_t pcr : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 14u}) {
      out.values[pcr] = bank.pcrs[pcr].value;
    }
  }
  return quoted;
}

}  // namespace preseal::test
