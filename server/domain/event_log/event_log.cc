// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/base/limits.h"
#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/little_endian.h"
#include "server/domain/event_log/spec_id.h"
#include "server/domain/event_log/startup.h"

namespace preseal::server {
namespace {

constexpr size_t kSha1Bytes = 20;
constexpr uint32_t kLastPcr = 23;

// One pass over a log. Every step answers false once a fault is set.
class Parser {
 public:
  explicit Parser(ByteView log) : reader_(log), size_(log.size()) {}

  ParsedEventLog Parse() {
    if (!CheckSize() || !FirstRecord()) return std::move(out_);
    while (reader_.remaining() > 0) {
      if (!Record()) break;
    }
    CheckStartup(out_);
    return std::move(out_);
  }

 private:
  bool Fault(RefusalCode code, std::string seen, std::string expected) {
    out_.fault = EventLogFault{code, std::move(seen), std::move(expected), offset_};
    return false;
  }
  bool Malformed(std::string_view seen, std::string_view expected) {
    return Fault(RefusalCode::kEventLogMalformed,
                 fmt::format("event {} at byte {}: {}", out_.events.size(), offset_, seen),
                 std::string(expected));
  }

  bool CheckSize() {
    if (size_ == 0) return Fault(RefusalCode::kEventLogMissing, "no bytes", "an event log");
    if (size_ <= kEventLogBytesMax) return true;
    return Fault(RefusalCode::kInputTooLarge, fmt::format("{} bytes", size_),
                 fmt::format("at most {} bytes", kEventLogBytesMax));
  }

  bool FirstRecord() {
    LoggedEvent event;
    if (!LegacyHeader(event) || !Data(event)) return false;
    if (!LooksLikeSpecId(event.data)) {
      out_.format = EventLogFormat::kLegacySha1;
      out_.algorithms = {{kBankSha1, kSha1Bytes}};
      return Keep(std::move(event));
    }
    out_.format = EventLogFormat::kCryptoAgile;
    SpecIdResult spec_id = ReadSpecId(event);
    if (!spec_id.wrong.empty()) return Malformed(spec_id.wrong, spec_id.expected);
    out_.algorithms = std::move(spec_id.algorithms);
    out_.events.push_back(std::move(event));
    return true;
  }

  bool Record() {
    offset_ = size_ - reader_.remaining();
    if (out_.events.size() >= kEventLogEventsMax) {
      return Fault(RefusalCode::kInputTooLarge,
                   fmt::format("more than {} events", out_.events.size()),
                   fmt::format("at most {} events", kEventLogEventsMax));
    }
    LoggedEvent event;
    const bool legacy = out_.format == EventLogFormat::kLegacySha1;
    if (!(legacy ? LegacyHeader(event) : AgileHeader(event)) || !Data(event)) return false;
    if (!legacy && event.type == kEvNoAction && LooksLikeSpecId(event.data)) {
      return Malformed("a second Spec ID event", "one, as the first record");
    }
    return Keep(std::move(event));
  }

  // pcr, type and one SHA-1 digest: TCG_PCR_EVENT up to its data.
  bool LegacyHeader(LoggedEvent& event) {
    const auto pcr = reader_.U32();
    const auto type = reader_.U32();
    const auto digest = reader_.Raw(kSha1Bytes);
    if (!pcr || !type || !digest) return Truncated("header");
    event.pcr = *pcr;
    event.type = *type;
    event.digests.push_back({kBankSha1, ToBytes(*digest)});
    return true;
  }

  // TCG_PCR_EVENT2 up to its data.
  bool AgileHeader(LoggedEvent& event) {
    const auto pcr = reader_.U32();
    const auto type = reader_.U32();
    const auto count = reader_.U32();
    if (!pcr || !type || !count) return Truncated("header");
    event.pcr = *pcr;
    event.type = *type;
    if (*count == 0 || *count > out_.algorithms.size()) {
      return Malformed(fmt::format("{} digests", *count),
                       fmt::format("{} digests", out_.algorithms.size()));
    }
    for (uint32_t i = 0; i < *count; ++i) {
      if (!Digest(event)) return false;
    }
    return SameAlgorithmsAsBefore(event);
  }

  // Real headers name algorithms no record has. A bank some records have and others have not would
  // leave out events, so the first record decides for all.
  bool SameAlgorithmsAsBefore(const LoggedEvent& event) {
    if (out_.events.size() == 1) {
      const auto is_unfed = [&](const LogAlgorithm& named) {
        return event.FindDigest(named.id) == nullptr;
      };
      std::copy_if(out_.algorithms.begin(), out_.algorithms.end(), std::back_inserter(out_.unfed),
                   is_unfed);
      std::erase_if(out_.algorithms, is_unfed);
    }
    if (event.digests.size() == out_.algorithms.size()) return true;
    return Malformed(fmt::format("{} digests", event.digests.size()),
                     fmt::format("{} digests, as before", out_.algorithms.size()));
  }

  bool Digest(LoggedEvent& event) {
    const auto id = reader_.U16();
    if (!id) return Truncated("digest algorithm");
    const auto listed = std::find_if(out_.algorithms.begin(), out_.algorithms.end(),
                                     [&](const LogAlgorithm& known) { return known.id == *id; });
    if (listed == out_.algorithms.end()) {
      return Malformed(fmt::format("digest of {}", BankName(*id)),
                       "an algorithm of the header and of earlier records");
    }
    if (event.FindDigest(*id) != nullptr) {
      return Malformed(fmt::format("two digests of {}", BankName(*id)), "one for each algorithm");
    }
    const auto value = reader_.Raw(listed->digest_bytes);
    if (!value) return Truncated("digest");
    event.digests.push_back({*id, ToBytes(*value)});
    return true;
  }

  bool Data(LoggedEvent& event) {
    const auto size = reader_.U32();
    if (!size) return Truncated("data size");
    if (*size > reader_.remaining()) {
      return Malformed(fmt::format("{} bytes of data", *size),
                       fmt::format("at most the {} bytes left", reader_.remaining()));
    }
    if (*size > kEventLogEventBytesMax) {
      return Fault(RefusalCode::kInputTooLarge,
                   fmt::format("event {}: {} bytes of data", out_.events.size(), *size),
                   fmt::format("at most {} bytes", kEventLogEventBytesMax));
    }
    event.data = ToBytes(*reader_.Raw(*size));
    return true;
  }

  bool Truncated(std::string_view field) {
    return Malformed(fmt::format("{} cut off, {} bytes left", field, reader_.remaining()),
                     "whole records up to the last byte");
  }

  // Where an event may be. An event outside every PCR, or of the type that is never extended, could
  // carry any text without changing the replay: it must not look measured.
  bool Keep(LoggedEvent event) {
    if (event.pcr > kLastPcr && event.pcr != kNoPcr) {
      return Malformed(fmt::format("PCR {}", event.pcr), "PCR 0 to 23");
    }
    const std::string what =
        fmt::format("event {}: {}", out_.events.size(), EventTypeName(event.type));
    if (event.pcr == kNoPcr && event.type != kEvNoAction) {
      return Fault(RefusalCode::kEventLogEventType, what + " outside every PCR",
                   "EV_NO_ACTION only");
    }
    const auto is_zero = [](const EventDigest& digest) {
      return std::all_of(digest.value.begin(), digest.value.end(),
                         [](uint8_t b) { return b == 0; });
    };
    if (event.pcr != kNoPcr && event.type == kEvNoAction &&
        !std::all_of(event.digests.begin(), event.digests.end(), is_zero)) {
      return Fault(RefusalCode::kEventLogEventType, what + " with a digest", "a digest of zeros");
    }
    event.number = static_cast<uint32_t>(out_.events.size());
    event.offset = offset_;
    out_.events.push_back(std::move(event));
    return true;
  }

  LittleEndianReader reader_;
  size_t size_;
  size_t offset_ = 0;
  ParsedEventLog out_;
};

}  // namespace

const EventDigest* LoggedEvent::FindDigest(uint16_t algorithm) const {
  for (const EventDigest& digest : digests) {
    if (digest.algorithm == algorithm) return &digest;
  }
  return nullptr;
}

bool ParsedEventLog::Feeds(uint16_t algorithm) const {
  return std::any_of(algorithms.begin(), algorithms.end(),
                     [&](const LogAlgorithm& listed) { return listed.id == algorithm; });
}

ParsedEventLog ParseEventLog(ByteView log) { return Parser(log).Parse(); }

std::string EventLogFormatName(EventLogFormat format) {
  switch (format) {
    case EventLogFormat::kUnknown:
      return "unknown";
    case EventLogFormat::kLegacySha1:
      return "legacy SHA-1";
    case EventLogFormat::kCryptoAgile:
      return "crypto-agile";
  }
  return "";
}

}  // namespace preseal::server
