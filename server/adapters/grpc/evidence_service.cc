// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/evidence_service.h"

#include <optional>
#include <string>
#include <utility>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/paging.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/adapters/grpc/step_reactor.h"
#include "server/domain/trust/policy_text.h"

namespace preseal::server {

namespace ev1 = evidence::v1;

namespace {

constexpr int kDevicesPerStep = 16;  // some hundred signatures

// What a method does, message by message; state lives as long as the call.
class Export {
 public:
  Export(EvidenceArchive& archive, const ev1::ExportEvidenceRequest& request)
      : archive_(archive), name_(request.device()), sequence_(request.after_sequence()) {}

  StatusOr<bool> Next(ev1::ExportEvidenceResponse* out) {
    std::optional<DeviceId> device;
    if (!name_.empty()) {
      ASSIGN_OR_RETURN(device, ParseDeviceName(name_));
    }
    ASSIGN_OR_RETURN(auto line, archive_.NextLine(device, &sequence_));
    if (!line) return false;
    out->set_sequence(sequence_);
    out->set_line(*std::move(line));
    return true;
  }

 private:
  EvidenceArchive& archive_;
  const std::string name_;
  uint64_t sequence_;
};

class Audit {
 public:
  explicit Audit(EvidenceArchive& archive) : archive_(archive) {}

  StatusOr<bool> Next(ev1::AuditEvidenceResponse* out) {
    if (finished_) return false;
    if (!links_) {
      ASSIGN_OR_RETURN(links_, archive_.Links());
    }
    ASSIGN_OR_RETURN(const bool more, archive_.AuditMore(&walk_));
    const EvidenceAudit& audit = walk_.audit;
    out->set_links_checked(audit.links);
    out->set_records_checked(audit.records);
    out->set_links(*links_);
    if (more) return true;
    finished_ = true;
    auto* verdict = out->mutable_verdict();
    verdict->set_code(audit.code == RefusalCode::kNone ? "NONE" : std::string(NameOf(audit.code)));
    verdict->set_sequence(audit.sequence);
    verdict->set_seen(audit.seen);
    verdict->set_expected(audit.expected);
    verdict->set_head_sha256(ToString(audit.head_sha256));
    return true;
  }

 private:
  EvidenceArchive& archive_;
  EvidenceAuditWalk walk_;
  std::optional<uint64_t> links_;
  bool finished_ = false;
};

void Fill(const TrialResult& result, ev1::TryPolicyResponse::Difference* out) {
  out->set_device("devices/" + result.device);
  out->set_sequence(result.sequence);
  out->set_before(std::string(WordOf(result.old_outcome, result.old_code)));
  out->set_after(std::string(WordOf(result.new_outcome, result.new_code)));
  out->set_check(result.differing_check);
  out->set_unproven(result.unproven);
}

class Trial {
 public:
  Trial(EvidenceArchive& archive, std::string text) : archive_(archive), text_(std::move(text)) {}

  StatusOr<bool> Next(ev1::TryPolicyResponse* out) {
    if (finished_) return false;
    if (!policy_) {
      RETURN_IF_ERROR(CheckLength("policy", text_, kPolicyBytesMax));
      ASSIGN_OR_RETURN(policy_, ParsePolicyText(text_));
      ASSIGN_OR_RETURN(devices_, archive_.DevicesWithEvidence());
    }
    for (int i = 0; i < kDevicesPerStep && !out->has_difference() && !finished_; ++i) {
      RETURN_IF_ERROR(TryOne(out));
    }
    out->set_devices_tried(tried_);
    // Somebody may have enrolled meanwhile.
    out->set_devices(finished_ ? tried_ : devices_);
    return true;
  }

 private:
  Status TryOne(ev1::TryPolicyResponse* out) {
    ASSIGN_OR_RETURN(const auto result, archive_.TryNext(*policy_, &device_));
    finished_ = !result.has_value();
    if (finished_) return OkStatus();
    ++tried_;
    if (result->changed()) Fill(*result, out->mutable_difference());
    return OkStatus();
  }

  EvidenceArchive& archive_;
  const std::string text_;
  std::optional<AttestationPolicy> policy_;
  std::optional<DeviceId> device_;
  uint64_t devices_ = 0;
  uint64_t tried_ = 0;
  bool finished_ = false;
};

// Streams what `work` says, as long as the caller has the right. `context` lives as long as the
// call does.
template <typename Response, typename Work>
grpc::ServerWriteReactor<Response>* Stream(Accounts& accounts, Workers& workers,
                                           const grpc::CallbackServerContext* context, Right right,
                                           std::shared_ptr<Work> work) {
  return StepReactor<Response>::Start(
      workers,
      [&accounts, context, right, work = std::move(work)](Response* out) -> StatusOr<bool> {
        RETURN_IF_ERROR(Authorise(*context, accounts, right).status());
        return work->Next(out);
      });
}

}  // namespace

grpc::ServerWriteReactor<ev1::ExportEvidenceResponse>* EvidenceService::ExportEvidence(
    Context context, const ev1::ExportEvidenceRequest* request) {
  return Stream<ev1::ExportEvidenceResponse>(accounts_, workers_, context, Right::kSeeEvidence,
                                             std::make_shared<Export>(archive_, *request));
}

grpc::ServerWriteReactor<ev1::AuditEvidenceResponse>* EvidenceService::AuditEvidence(
    Context context, const ev1::AuditEvidenceRequest*) {
  return Stream<ev1::AuditEvidenceResponse>(accounts_, workers_, context, Right::kAuditEvidence,
                                            std::make_shared<Audit>(archive_));
}

grpc::ServerWriteReactor<ev1::TryPolicyResponse>* EvidenceService::TryPolicy(
    Context context, const ev1::TryPolicyRequest* request) {
  return Stream<ev1::TryPolicyResponse>(accounts_, workers_, context, Right::kTryPolicy,
                                        std::make_shared<Trial>(archive_, request->policy()));
}

}  // namespace preseal::server
