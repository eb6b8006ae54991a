// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/admission_office.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/crypto/random.h"
#include "server/service/enrollment/order_code.h"

namespace preseal::server {
namespace {

std::string ListName(const BatchId& batch) {
  return batch.empty() ? "ek-lists/every-batch" : "ek-lists/" + batch.text();
}

Status CheckEks(const std::vector<Bytes>& eks, std::string_view source) {
  if (eks.empty()) return InvalidArgument("no endorsement keys to import");
  if (eks.size() > kImportRowsMax) {
    return InvalidArgument(fmt::format("more than {} keys: split the file", kImportRowsMax));
  }
  if (source.size() > kNameBytesMax) {
    return InvalidArgument(fmt::format("source is longer than {} bytes", kNameBytesMax));
  }
  for (size_t i = 0; i < eks.size(); ++i) {
    if (eks[i].size() != crypto::Digest256().size()) {
      return InvalidArgument(fmt::format("key {} is no SHA-256 digest", i + 1));
    }
  }
  return OkStatus();
}

}  // namespace

Status AdmissionOffice::Audit(Tx& tx, const Principal& actor, std::string_view action,
                              std::string subject, std::string detail) {
  return tx.audit.Record({.time = clock_.Now(),
                          .actor = actor.name,
                          .action = std::string(action),
                          .subject = std::move(subject),
                          .detail = std::move(detail)});
}

StatusOr<AdmissionOffice::EkImport> AdmissionOffice::ImportEks(const Principal& actor,
                                                               const BatchId& batch,
                                                               const std::vector<Bytes>& eks,
                                                               std::string_view source) {
  RETURN_IF_ERROR(CheckEks(eks, source));
  EkImport result;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    result = {};
    ASSIGN_OR_RETURN(const int64_t before, tx.admission.CountListedEks());
    for (const Bytes& ek : eks) {
      ASSIGN_OR_RETURN(const bool added, tx.admission.ListEk({.ek_spki_sha256 = ek,
                                                              .batch = batch,
                                                              .source = std::string(source),
                                                              .create_time = clock_.Now(),
                                                              .actor = actor.name}));
      ++(added ? result.added : result.known);
    }
    if (before + result.added > static_cast<int64_t>(kListedEksMax)) {
      return ResourceExhausted(
          fmt::format("more than {} endorsement keys are listed: remove lists of finished orders",
                      kListedEksMax));
    }
    return Audit(tx, actor, "ek-list.import", ListName(batch),
                 fmt::format("{} added from {}", result.added, source));
  }));
  return result;
}

StatusOr<int64_t> AdmissionOffice::RemoveEks(const Principal& actor, const BatchId& batch,
                                             ByteView ek, std::string_view reason) {
  RETURN_IF_ERROR(CheckReason(reason));
  int64_t removed = 0;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(removed, tx.admission.UnlistEks(batch, ek));
    if (removed == 0) return NotFound("nothing of it is on this list");
    return Audit(tx, actor, "ek-list.remove", ListName(batch),
                 fmt::format("{}; {} removed {}", reason, removed, ToHex(ek)));
  }));
  return removed;
}

StatusOr<std::vector<ListedEk>> AdmissionOffice::ListEks(const BatchId& batch, ByteView after,
                                                         int limit) {
  std::vector<ListedEk> eks;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(eks, tx.admission.ListedEks(batch, after, limit));
    return OkStatus();
  }));
  return eks;
}

StatusOr<AdmissionOffice::NewCode> AdmissionOffice::CreateOrderCode(const Principal& actor,
                                                                    const BatchId& batch,
                                                                    uint32_t uses,
                                                                    std::chrono::seconds life) {
  if (batch.empty()) return InvalidArgument("an order code is for one batch: name it");
  if (uses == 0 || uses > kOrderCodeUsesMax) {
    return InvalidArgument(fmt::format("uses must be 1 to {}", kOrderCodeUsesMax));
  }
  if (life.count() <= 0 || life > kOrderCodeLifeMax) {
    return InvalidArgument(fmt::format(
        "an order code lives at most {} days",
        std::chrono::duration_cast<std::chrono::hours>(kOrderCodeLifeMax).count() / 24));
  }
  ASSIGN_OR_RETURN(const Bytes random, crypto::RandomBytes(kOrderCodeRandomBytes));
  NewCode made{.text = FormatOrderCode(random)};
  const auto typed = ParseOrderCode(made.text);
  if (!typed) return Internal("an order code does not read back");
  const WallTime now = clock_.Now();
  made.code = {.code_id = typed->code_id,
               .secret_sha256 = OrderCodeDigest(typed->secret),
               .batch = batch,
               .uses = uses,
               .uses_left = uses,
               .create_time = now,
               .expire_time = now + life,
               .actor = actor.name};
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    // 25 bits of name: two codes of one name would overwrite each other.
    if (tx.admission.FindOrderCode(made.code.code_id).ok()) {
      return Aborted("this code's name is taken, ask again");
    }
    RETURN_IF_ERROR(tx.admission.PutOrderCode(made.code));
    return Audit(tx, actor, "order-code.create", "orderCodes/" + made.code.code_id,
                 fmt::format("{} uses for {}", uses, batch.text()));
  }));
  return made;
}

StatusOr<std::vector<OrderCode>> AdmissionOffice::OrderCodes() {
  std::vector<OrderCode> codes;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(codes, tx.admission.OrderCodes());
    return OkStatus();
  }));
  return codes;
}

StatusOr<OrderCode> AdmissionOffice::RevokeOrderCode(const Principal& actor,
                                                     std::string_view code_id,
                                                     std::string_view reason) {
  RETURN_IF_ERROR(CheckReason(reason));
  OrderCode code;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(code, tx.admission.FindOrderCode(code_id));
    code.revoked = true;
    RETURN_IF_ERROR(tx.admission.PutOrderCode(code));
    return Audit(tx, actor, "order-code.revoke", "orderCodes/" + code.code_id, std::string(reason));
  }));
  return code;
}

StatusOr<std::vector<GoldenRow>> AdmissionOffice::Goldens(std::string_view manufacturer,
                                                          std::string_view model) {
  std::vector<GoldenRow> rows;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(rows, tx.goldens.Goldens(manufacturer, model));
    return OkStatus();
  }));
  return rows;
}

StatusOr<GoldenRow> AdmissionOffice::Golden(uint64_t number) {
  GoldenRow row;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(row, tx.goldens.GetGolden(number));
    return OkStatus();
  }));
  return row;
}

StatusOr<GoldenRow> AdmissionOffice::ApproveGolden(const Principal& actor, uint64_t number,
                                                   std::string_view reason) {
  RETURN_IF_ERROR(RequirePerson(actor));
  RETURN_IF_ERROR(CheckReason(reason));
  GoldenRow row;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(row, tx.goldens.GetGolden(number));
    if (row.state != GoldenState::kProposed) {
      return FailedPrecondition(fmt::format("G-{} is not a proposal any more", number));
    }
    if (row.first_approver == actor.name) {
      return FailedPrecondition(
          fmt::format("{} approved G-{} already: another person must, too", actor.name, number));
    }
    if (row.first_approver.empty()) {
      row.first_approver = actor.name;
      row.first_approve_time = clock_.Now();
    } else {
      row.second_approver = actor.name;
      row.second_approve_time = clock_.Now();
      row.state = GoldenState::kApproved;
    }
    RETURN_IF_ERROR(tx.goldens.UpdateGolden(row));
    return Audit(tx, actor, "golden.approve", fmt::format("goldenSets/G-{}", number),
                 std::string(reason));
  }));
  return row;
}

StatusOr<GoldenRow> AdmissionOffice::RetireGolden(const Principal& actor, uint64_t number,
                                                  std::string_view reason) {
  RETURN_IF_ERROR(RequirePerson(actor));
  RETURN_IF_ERROR(CheckReason(reason));
  GoldenRow row;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(row, tx.goldens.GetGolden(number));
    if (row.state == GoldenState::kRetired) {
      return FailedPrecondition(fmt::format("G-{} is retired already", number));
    }
    row.state = GoldenState::kRetired;
    row.retire_actor = actor.name;
    row.retire_time = clock_.Now();
    RETURN_IF_ERROR(tx.goldens.UpdateGolden(row));
    return Audit(tx, actor, "golden.retire", fmt::format("goldenSets/G-{}", number),
                 std::string(reason));
  }));
  return row;
}

}  // namespace preseal::server
