// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

// What people prepare for devices that will enrol: lists of endorsement keys, order codes, golden
// PCR values. Thread-safe; methods block on the store. Every change is audited.
class AdmissionOffice {
 public:
  AdmissionOffice(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  struct EkImport {
    int added = 0;
    int known = 0;
  };
  // All or none. `eks` are SHA-256 of SubjectPublicKeyInfos; an empty `batch` is the list for every
  // batch. InvalidArgument: none, more than kImportRowsMax, one not 32 bytes long, `source` over
  // kNameBytesMax. ResourceExhausted: kListedEksMax.
  StatusOr<EkImport> ImportEks(const Principal& actor, const BatchId& batch,
                               const std::vector<Bytes>& eks, std::string_view source);
  // One key, or with an empty `ek` the whole list. NotFound: nothing of it was listed.
  StatusOr<int64_t> RemoveEks(const Principal& actor, const BatchId& batch, ByteView ek,
                              std::string_view reason);
  StatusOr<std::vector<ListedEk>> ListEks(const BatchId& batch, ByteView after, int limit);

  struct NewCode {
    OrderCode code;
    std::string text;  // shown once
  };
  // InvalidArgument: no batch, uses not 1..kOrderCodeUsesMax, life not 0..kOrderCodeLifeMax.
  StatusOr<NewCode> CreateOrderCode(const Principal& actor, const BatchId& batch, uint32_t uses,
                                    std::chrono::seconds life);
  StatusOr<std::vector<OrderCode>> OrderCodes();
  StatusOr<OrderCode> RevokeOrderCode(const Principal& actor, std::string_view code_id,
                                      std::string_view reason);  // NotFound

  // All models if both are empty.
  StatusOr<std::vector<GoldenRow>> Goldens(std::string_view manufacturer, std::string_view model);
  StatusOr<GoldenRow> Golden(uint64_t number);  // NotFound
  // The first person's word leaves the set PROPOSED, another person's makes it APPROVED.
  // PermissionDenied: an API token. FailedPrecondition: not PROPOSED, or the same person again.
  StatusOr<GoldenRow> ApproveGolden(const Principal& actor, uint64_t number,
                                    std::string_view reason);
  // PermissionDenied: an API token. FailedPrecondition: retired already.
  StatusOr<GoldenRow> RetireGolden(const Principal& actor, uint64_t number,
                                   std::string_view reason);

 private:
  Status Audit(Tx& tx, const Principal& actor, std::string_view action, std::string subject,
               std::string detail);

  Store& store_;
  const Clock& clock_;
};

}  // namespace preseal::server
