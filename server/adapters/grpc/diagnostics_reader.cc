// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/diagnostics_reader.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/adapters/grpc/step_reactor.h"

namespace preseal::server {
namespace {

namespace dv1 = diagnostics::v1;
using google::protobuf::util::TimeUtil;
constexpr std::string_view kBundles = "/bundles/";
constexpr uint32_t kReadDefault = 64 * 1024;
constexpr uint32_t kReadMost = 1024 * 1024;

struct BundleName {
  DeviceId device;
  std::string id;
};

StatusOr<BundleName> ParseBundleName(std::string_view name) {
  const size_t at = name.find(kBundles);
  if (at == std::string_view::npos) {
    return InvalidArgument("a bundle's name must look like devices/D-1042/bundles/B-…");
  }
  BundleName parsed;
  ASSIGN_OR_RETURN(parsed.device, ParseDeviceName(name.substr(0, at)));
  parsed.id = name.substr(at + kBundles.size());
  return parsed;
}

void ToProto(const Bundle& bundle, WallTime expiry, dv1::Bundle* out) {
  out->set_name(NameOfDevice(bundle.device) + std::string(kBundles) + bundle.id);
  out->set_device(NameOfDevice(bundle.device));
  const auto run = RunId::Parse(bundle.run_id);
  if (run.ok()) out->set_run(NameOfRun(*run));
  out->set_reason(EscapeForLog(bundle.reason, kReasonBytesMax));
  out->set_size(bundle.size);
  out->set_sha256(ToString(ByteView(bundle.sha256)));
  *out->mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(ToMicros(bundle.create_time));
  *out->mutable_expire_time() = TimeUtil::MicrosecondsToTimestamp(ToMicros(expiry));
}

// Bytes that the character beginning with `lead` has.
size_t LengthOf(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  return lead >= 0xF0 && lead < 0xF5 ? 4 : 1;
}

// Whether the bytes from `at` may yet become one character.
bool IsCutOff(ByteView bytes, size_t at) {
  const size_t length = LengthOf(bytes[at]);
  if (length == 1 || at + length <= bytes.size()) return false;
  return std::all_of(bytes.begin() + static_cast<ptrdiff_t>(at) + 1, bytes.end(),
                     [](uint8_t byte) { return (byte & 0xC0) == 0x80; });
}

}  // namespace

std::string TextOfPart(ByteView bytes, bool last, size_t* used) {
  std::string text;
  size_t at = 0;
  while (at < bytes.size()) {
    if (!last && IsCutOff(bytes, at)) break;
    const size_t length = std::min(LengthOf(bytes[at]), bytes.size() - at);
    const std::string_view one = AsText(bytes.subspan(at, length));
    if (one == "\n" || one == "\t" || one == "\\") {
      text += one;
      at += 1;
      continue;
    }
    const std::string escaped = EscapeForLog(one, 16);
    if (escaped == one) {
      text += one;
      at += length;
    } else {
      text += EscapeForLog(one.substr(0, 1), 16);
      at += 1;
    }
  }
  *used = at;
  return text;
}

DiagnosticsReader::Unary DiagnosticsReader::Serve(Context context, std::function<Status()> work) {
  return workers_.Serve(context, [this, context, work = std::move(work)]() -> Status {
    RETURN_IF_ERROR(Authorise(*context, accounts_, Right::kSeeFleet).status());
    return work();
  });
}

StatusOr<Bundle> DiagnosticsReader::Find(const std::string& name) const {
  ASSIGN_OR_RETURN(const BundleName parsed, ParseBundleName(name));
  return office_.Find(parsed.device, parsed.id);
}

DiagnosticsReader::Unary DiagnosticsReader::ListBundles(Context context,
                                                        const dv1::ListBundlesRequest* request,
                                                        dv1::ListBundlesResponse* response) {
  return Serve(context, [this, request, response]() -> Status {
    ASSIGN_OR_RETURN(const DeviceId device, ParseDeviceName(request->device()));
    ASSIGN_OR_RETURN(const auto bundles, office_.List(device));
    for (const Bundle& bundle : bundles) {
      ToProto(bundle, office_.ExpiryOf(bundle), response->add_bundles());
    }
    return OkStatus();
  });
}

DiagnosticsReader::Unary DiagnosticsReader::ListFiles(Context context,
                                                      const dv1::ListFilesRequest* request,
                                                      dv1::ListFilesResponse* response) {
  return Serve(context, [this, request, response]() -> Status {
    ASSIGN_OR_RETURN(const Bundle bundle, Find(request->bundle()));
    ASSIGN_OR_RETURN(const auto entries, bundles_.Entries(bundle));
    for (const BundleEntry& entry : entries) {
      dv1::BundleFile* file = response->add_files();
      file->set_path(entry.path);
      file->set_size(entry.size);
    }
    return OkStatus();
  });
}

DiagnosticsReader::Unary DiagnosticsReader::ReadFile(Context context,
                                                     const dv1::ReadFileRequest* request,
                                                     dv1::ReadFileResponse* response) {
  return Serve(context, [this, request, response]() -> Status {
    ASSIGN_OR_RETURN(const Bundle bundle, Find(request->bundle()));
    // At least one whole character, or reading would not get on.
    const uint32_t limit =
        request->limit() == 0 ? kReadDefault : std::clamp<uint32_t>(request->limit(), 4, kReadMost);
    ASSIGN_OR_RETURN(const BundlePart part,
                     bundles_.Read(bundle, request->path(), request->offset(), limit));
    const bool last = part.next_offset == 0;
    size_t used = 0;
    response->set_text(TextOfPart(part.bytes, last, &used));
    response->set_next_offset(last ? 0 : request->offset() + used);
    return OkStatus();
  });
}

grpc::ServerWriteReactor<dv1::DownloadResponse>* DiagnosticsReader::Download(
    Context context, const dv1::DownloadRequest* request) {
  auto next = [this, context, name = request->bundle(), reader = std::shared_ptr<ArtifactReader>()](
                  dv1::DownloadResponse* out) mutable -> StatusOr<bool> {
    if (!reader) {
      RETURN_IF_ERROR(Authorise(*context, accounts_, Right::kSeeFleet).status());
      ASSIGN_OR_RETURN(const Bundle bundle, Find(name));
      ASSIGN_OR_RETURN(reader, bundles_.Open(bundle));
    }
    ASSIGN_OR_RETURN(const Bytes chunk, reader->Read(kArtifactChunkBytes));
    out->set_chunk(ToString(ByteView(chunk)));
    return !chunk.empty();
  };
  return StepReactor<dv1::DownloadResponse>::Start(workers_, std::move(next));
}

DiagnosticsReader::Unary DiagnosticsReader::Diagnose(Context context,
                                                     const dv1::DiagnoseRequest* request,
                                                     dv1::DiagnoseResponse* response) {
  return Serve(context, [this, request, response]() -> Status {
    ASSIGN_OR_RETURN(const DeviceId device, ParseDeviceName(request->device()));
    ASSIGN_OR_RETURN(const auto diagnoses, office_.DiagnoseDevice(device));
    for (const Diagnosis& one : diagnoses) {
      dv1::Diagnosis* out = response->add_diagnoses();
      out->set_rule(std::string(one.rule));
      out->set_cause(std::string(one.cause));
      out->set_next_step(std::string(one.next_step));
      out->set_confidence(one.confidence);
      for (const DiagnosisEvidence& evidence : one.evidence) {
        dv1::DiagnosisEvidence* seen = out->add_evidence();
        seen->set_source(evidence.source);
        seen->set_text(EscapeForLog(evidence.text, 1000));
      }
    }
    return OkStatus();
  });
}

}  // namespace preseal::server
