// SPDX-License-Identifier: Apache-2.0
// Writes boot event logs: a plausible UEFI boot with Secure Boot on, and anything else. Free of
// GoogleTest, so that benches and the simulator use it too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/quoted_bank.h"

namespace preseal::test {

// One record to be written. Every field is open to abuse.
struct EventSpec {
  uint32_t pcr = 0;
  uint32_t type = 0;
  Bytes data;
  Bytes measured;  // hashed for each bank; EV_NO_ACTION gets zeros
  // In place of the hashes, one for each algorithm.
  std::optional<std::vector<Bytes>> digests;
  std::optional<uint32_t> stated_data_bytes;  // in place of data.size()
};

class EventLogBuilder {
 public:
  // `algorithms` as in the Spec ID event; each must be one BankHash knows.
  explicit EventLogBuilder(std::vector<uint16_t> algorithms = {server::kBankSha1,
                                                               server::kBankSha256});

  // Appends a whole boot of a UEFI machine from a signed medium: S-CRTM, firmware, Secure Boot
  // variables, boot entries, separators, authorities, boot loader, kernel (PCR 8, 9, 14). The
  // same boot each time, but for what `variant` says of the firmware: PCR 0 differs with it.
  EventLogBuilder& SecureBootBoot(std::string_view variant = "1.0");

  // Data that is measured itself.
  EventLogBuilder& Add(uint32_t pcr, uint32_t type, ByteView data);
  // Data that only describes what was measured.
  EventLogBuilder& Add(uint32_t pcr, uint32_t type, ByteView data, ByteView measured);
  EventLogBuilder& Add(EventSpec event);

  // The records so far, to change; the header is none of them.
  std::vector<EventSpec>& events() { return events_; }
  // The n-th event of a type in a PCR; aborts if there is none.
  EventSpec& Find(uint32_t pcr, uint32_t type, size_t n = 0);
  // The driver-config event of a variable in PCR 7; aborts if there is none.
  EventSpec& FindVariable(std::string_view name);
  size_t IndexOf(const EventSpec& event) const;

  // The Spec ID event's data, to spoil; by default that of the algorithms.
  Bytes spec_id;
  EventSpec header;  // type, PCR and SHA-1 digest of the first record; its data is spec_id

  // The crypto-agile log.
  Bytes Build() const;
  // The same records in the old format, SHA-1 only.
  Bytes BuildLegacy() const;
  // What a TPM would quote after this boot: every bank of the log, PCR 0 to 9 and 14.
  std::vector<server::QuotedBank> Quote() const;

 private:
  std::vector<Bytes> DigestsOf(const EventSpec& event) const;

  std::vector<uint16_t> algorithms_;
  std::vector<EventSpec> events_;
};

// Parts of logs.
Bytes Utf16(std::string_view ascii);
// UEFI_VARIABLE_DATA.
Bytes UefiVariableData(std::string_view guid, std::string_view name, ByteView data);
// One EFI_SIGNATURE_LIST with entries of one owner.
Bytes SignatureList(std::string_view type_guid, const std::vector<Bytes>& entries);
// EFI_LOAD_OPTION with one file path node.
Bytes LoadOption(std::string_view description, std::string_view path);
Bytes LittleEndian(uint64_t value, size_t bytes);
Bytes Join(const std::vector<Bytes>& parts);
// The certificate (DER) images of SecureBootBoot are allowed by; the same in every process.
const Bytes& BootAuthorityCertificate();

}  // namespace preseal::test
