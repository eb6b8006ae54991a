// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/attest.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/tpmwire/reader.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

constexpr size_t kNameBytesLimit = 66;       // sizeof(TPMU_NAME): algorithm id and SHA-512
constexpr size_t kExtraDataBytesLimit = 66;  // sizeof(TPMT_HA)
constexpr size_t kDigestBytesLimit = 64;

StatusOr<Bytes> ReadSized(Reader& reader, size_t size_max, std::string_view what) {
  ASSIGN_OR_RETURN(const ByteView bytes, reader.Sized(size_max, what));
  return ToBytes(bytes);
}

StatusOr<ClockInfo> ReadClock(Reader& reader) {
  ClockInfo clock;
  ASSIGN_OR_RETURN(clock.clock, reader.U64("clock"));
  ASSIGN_OR_RETURN(clock.reset_count, reader.U32("reset count"));
  ASSIGN_OR_RETURN(clock.restart_count, reader.U32("restart count"));
  ASSIGN_OR_RETURN(const uint8_t safe, reader.U8("safe"));
  if (safe > 1) return InvalidArgument(fmt::format("safe: {} is neither yes nor no", safe));
  clock.safe = safe == 1;
  return clock;
}

StatusOr<CertifyInfo> ReadCertify(Reader& reader) {
  CertifyInfo info;
  ASSIGN_OR_RETURN(info.name, ReadSized(reader, kNameBytesLimit, "certified name"));
  ASSIGN_OR_RETURN(info.qualified_name, ReadSized(reader, kNameBytesLimit, "qualified name"));
  return info;
}

StatusOr<QuoteInfo> ReadQuote(Reader& reader) {
  QuoteInfo info;
  ASSIGN_OR_RETURN(info.selections, ReadPcrSelections(reader));
  ASSIGN_OR_RETURN(info.pcr_digest, ReadSized(reader, kDigestBytesLimit, "pcr digest"));
  return info;
}

}  // namespace

StatusOr<AttestHeader> PeekAttest(ByteView bytes) {
  Reader reader(bytes);
  AttestHeader header;
  ASSIGN_OR_RETURN(header.magic, reader.U32("magic"));
  ASSIGN_OR_RETURN(header.type, reader.U16("type"));
  return header;
}

StatusOr<Attest> ParseAttest(ByteView bytes) {
  if (bytes.size() > kTpmStructureBytesMax) return InvalidArgument("attest: too long");
  Reader reader(bytes);
  Attest attest;
  ASSIGN_OR_RETURN(attest.header.magic, reader.U32("magic"));
  if (attest.header.magic != kTpmGenerated) {
    return InvalidArgument(fmt::format("magic: 0x{:08X}", attest.header.magic));
  }
  ASSIGN_OR_RETURN(attest.header.type, reader.U16("type"));
  ASSIGN_OR_RETURN(attest.qualified_signer, ReadSized(reader, kNameBytesLimit, "qualified signer"));
  ASSIGN_OR_RETURN(attest.extra_data, ReadSized(reader, kExtraDataBytesLimit, "extra data"));
  ASSIGN_OR_RETURN(attest.clock, ReadClock(reader));
  ASSIGN_OR_RETURN(attest.firmware_version, reader.U64("firmware version"));
  switch (attest.header.type) {
    case kAttestCertify: {
      ASSIGN_OR_RETURN(attest.body, ReadCertify(reader));
      break;
    }
    case kAttestQuote: {
      ASSIGN_OR_RETURN(attest.body, ReadQuote(reader));
      break;
    }
    default:
      return InvalidArgument(fmt::format("type: 0x{:04X}", attest.header.type));
  }
  RETURN_IF_ERROR(reader.End("attest"));
  return attest;
}

Bytes MarshalAttest(const Attest& attest) {
  Writer writer;
  writer.U32(attest.header.magic)
      .U16(attest.header.type)
      .Sized(attest.qualified_signer)
      .Sized(attest.extra_data)
      .U64(attest.clock.clock)
      .U32(attest.clock.reset_count)
      .U32(attest.clock.restart_count)
      .U8(attest.clock.safe ? 1 : 0)
      .U64(attest.firmware_version);
  if (const CertifyInfo* certify = attest.certify()) {
    writer.Sized(certify->name).Sized(certify->qualified_name);
  } else {
    const QuoteInfo& quote = *attest.quote();
    writer.Raw(MarshalPcrSelections(quote.selections)).Sized(quote.pcr_digest);
  }
  return writer.Take();
}

}  // namespace preseal::tpmwire
