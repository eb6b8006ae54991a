// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/pcr.h"

#include <fmt/format.h>

#include "common/tpmwire/hash.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

StatusOr<const PcrValue*> FindOnce(const std::vector<PcrValue>& values, uint16_t bank,
                                   uint32_t pcr) {
  const PcrValue* found = nullptr;
  for (const PcrValue& value : values) {
    if (value.hash_algorithm != bank || value.index != pcr) continue;
    if (found != nullptr) {
      return InvalidArgument(fmt::format("{} PCR {}: given twice", HashName(bank), pcr));
    }
    found = &value;
  }
  if (found == nullptr) {
    return InvalidArgument(fmt::format("{} PCR {}: value missing", HashName(bank), pcr));
  }
  return found;
}

// "0-9,14"; "none".
std::string DescribeMask(const PcrSelection& selection) {
  std::string text;
  for (uint32_t pcr = 0; pcr < kPcrCount; ++pcr) {
    if (!selection.Selects(pcr)) continue;
    uint32_t last = pcr;
    while (selection.Selects(last + 1)) ++last;
    if (!text.empty()) text += ',';
    text += last == pcr ? fmt::format("{}", pcr) : fmt::format("{}-{}", pcr, last);
    pcr = last;
  }
  return text.empty() ? "none" : text;
}

}  // namespace

PcrSelection SelectPcrs(HashAlg bank, std::initializer_list<uint32_t> pcrs) {
  PcrSelection selection;
  selection.hash_algorithm = static_cast<uint16_t>(bank);
  for (const uint32_t pcr : pcrs) {
    if (pcr >= kPcrCount) continue;
    selection.mask[pcr / 8] = static_cast<uint8_t>(selection.mask[pcr / 8] | 1u << (pcr % 8));
  }
  return selection;
}

StatusOr<PcrSelections> ReadPcrSelections(Reader& reader) {
  ASSIGN_OR_RETURN(const uint32_t count, reader.U32("pcr selection count"));
  if (count > kPcrBanksMax) {
    return InvalidArgument(fmt::format("pcr selection count: {}", count));
  }
  PcrSelections selections(count);
  for (PcrSelection& selection : selections) {
    ASSIGN_OR_RETURN(selection.hash_algorithm, reader.U16("pcr bank"));
    ASSIGN_OR_RETURN(const uint8_t size, reader.U8("size of select"));
    if (size != kPcrMaskBytes) return InvalidArgument(fmt::format("size of select: {}", size));
    ASSIGN_OR_RETURN(const ByteView mask, reader.Raw(kPcrMaskBytes, "pcr mask"));
    std::copy(mask.begin(), mask.end(), selection.mask.begin());
  }
  return selections;
}

Bytes MarshalPcrSelections(const PcrSelections& selections) {
  Writer writer;
  writer.U32(static_cast<uint32_t>(selections.size()));
  for (const PcrSelection& selection : selections) {
    writer.U16(selection.hash_algorithm).U8(kPcrMaskBytes).Raw(selection.mask);
  }
  return writer.Take();
}

StatusOr<Bytes> PcrDigest(HashAlg digest, const PcrSelections& selections,
                          const std::vector<PcrValue>& values) {
  Writer all;
  size_t used = 0;
  for (const PcrSelection& selection : selections) {
    const auto bank = ToHashAlg(selection.hash_algorithm);
    if (!bank && !selection.empty()) {
      return InvalidArgument(
          fmt::format("bank {} is not supported", HashName(selection.hash_algorithm)));
    }
    for (uint32_t pcr = 0; pcr < kPcrCount; ++pcr) {
      if (!selection.Selects(pcr)) continue;
      ASSIGN_OR_RETURN(const PcrValue* value, FindOnce(values, selection.hash_algorithm, pcr));
      if (value->value.size() != DigestSize(*bank)) {
        return InvalidArgument(fmt::format(
            "{} PCR {}: {} bytes", HashName(selection.hash_algorithm), pcr, value->value.size()));
      }
      all.Raw(value->value);
      ++used;
    }
  }
  // A value nothing vouches for must not ride along into the record.
  if (used != values.size()) {
    return InvalidArgument(fmt::format("{} PCR values given, {} selected", values.size(), used));
  }
  return Hash(digest, {all.view()});
}

std::string DescribeSelections(const PcrSelections& selections) {
  std::string text;
  for (const PcrSelection& selection : selections) {
    if (!text.empty()) text += ' ';
    text += HashName(selection.hash_algorithm) + ":" + DescribeMask(selection);
  }
  return text.empty() ? "none" : text;
}

}  // namespace preseal::tpmwire
