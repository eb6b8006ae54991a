// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/evidence_chain.h"

#include <fmt/format.h>

#include <utility>

#include "server/domain/evidence/canonical_json.h"

namespace preseal::server {
namespace {

std::optional<ChainFault> Fault(const EvidenceLink& link, std::string seen, std::string expected) {
  return ChainFault{link.sequence, std::move(seen), std::move(expected)};
}

std::optional<ChainFault> AtTheStart(const EvidenceLink& link, ChainWalk::Extent extent) {
  if (link.sequence == 0) return Fault(link, "record 0", "records count from 1");
  if (link.sequence == 1 && link.previous_sha256 != crypto::Digest256{}) {
    return Fault(link, "a record before the first", "zeros");
  }
  if (link.sequence == 1 || extent == ChainWalk::Extent::kExcerpt) return std::nullopt;
  return Fault(link, fmt::format("record {}", link.sequence), "record 1");
}

}  // namespace

std::optional<ChainFault> ChainWalk::Step(const EvidenceLink& link, bool gap_allowed) {
  const std::optional<EvidenceLink> before = std::exchange(last_, link);
  if (!before) return AtTheStart(link, extent_);
  if (link.sequence <= before->sequence) {
    return Fault(link, fmt::format("record {} after {}", link.sequence, before->sequence),
                 "records in order, each once");
  }
  if (link.sequence != before->sequence + 1) {
    if (!gap_allowed) {
      return Fault(link, fmt::format("record {} after {}", link.sequence, before->sequence),
                   fmt::format("record {}", before->sequence + 1));
    }
    if (first_missing_ == 0) first_missing_ = before->sequence + 1;
    missing_ += link.sequence - before->sequence - 1;
    return std::nullopt;
  }
  if (link.previous_sha256 == before->record_sha256) return std::nullopt;
  return Fault(link, "previous record " + ToHex(link.previous_sha256),
               ToHex(before->record_sha256));
}

std::string EncodeLink(const EvidenceLink& link) {
  return nlohmann::json{{"previous_sha256", BytesText(link.previous_sha256)},
                        {"record_sha256", BytesText(link.record_sha256)},
                        {"sequence", link.sequence}}
      .dump();
}

StatusOr<EvidenceLink> DecodeLink(std::string_view line) {
  constexpr size_t kLinkBytesMax = 256;
  if (line.size() > kLinkBytesMax) return InvalidArgument("the link is too long");
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  MemberReader in(json);
  const EvidenceLink link{.sequence = in.Unsigned("sequence"),
                          .record_sha256 = in.Digest("record_sha256"),
                          .previous_sha256 = in.Digest("previous_sha256")};
  RETURN_IF_ERROR(in.status());
  if (EncodeLink(link) != line) return InvalidArgument("the link is not in canonical form");
  return link;
}

}  // namespace preseal::server
