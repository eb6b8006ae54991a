// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/identity_service.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/identity_views.h"
#include "server/adapters/grpc/paging.h"
#include "server/adapters/grpc/resource_names.h"

namespace preseal::server {
namespace {

namespace iv1 = identity::v1;

// Empty or exactly a SHA-256.
StatusOr<ByteView> ParseDigest(const std::string& bytes) {
  if (!bytes.empty() && bytes.size() != crypto::Digest256().size()) {
    return InvalidArgument("ek_spki_sha256 is not 32 bytes long");
  }
  return AsBytes(bytes);
}

StatusOr<RebindReason> ToDomain(iv1::RebindDeviceRequest::Reason reason) {
  switch (reason) {
    case iv1::RebindDeviceRequest::REASON_BOARD_SWAP:
      return RebindReason::kBoardSwap;
    case iv1::RebindDeviceRequest::REASON_CLEAR:
      return RebindReason::kClear;
    case iv1::RebindDeviceRequest::REASON_RESALE:
      return RebindReason::kResale;
    default:
      return InvalidArgument("reason must be board swap, clear or resale");
  }
}

// An empty name is the list for every batch.
StatusOr<BatchId> ListOf(const std::string& name) {
  if (name.empty()) return BatchId();
  return ParseBatchName(name);
}

std::string ModelKey(const GoldenRow& row) {
  std::string key = row.manufacturer + '\n' + row.model;
  for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

}  // namespace

IdentityService::Unary IdentityService::Serve(Context context, Right right, Work work) {
  return workers_.Serve(context, [this, context, right, work = std::move(work)]() -> Status {
    ASSIGN_OR_RETURN(const Principal principal, Authorise(*context, accounts_, right));
    return work(principal);
  });
}

IdentityService::Unary IdentityService::Decide(Context context, const std::string& device,
                                               Decision decision, iv1::Identity* response) {
  return Serve(
      context, Right::kManageIdentities,
      [this, &device, decision = std::move(decision), response](const Principal& actor) -> Status {
        ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(device));
        RETURN_IF_ERROR(decision(actor, id));
        ASSIGN_OR_RETURN(const IdentityView view, identities_.View(id));
        ToProto(view, response);
        return OkStatus();
      });
}

IdentityService::Unary IdentityService::GetIdentity(Context context,
                                                    const iv1::GetIdentityRequest* request,
                                                    iv1::Identity* response) {
  return Serve(context, Right::kSeeEvidence, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->device()));
    ASSIGN_OR_RETURN(const IdentityView view, identities_.View(id));
    ToProto(view, response);
    return OkStatus();
  });
}

IdentityService::Unary IdentityService::UnblockDevice(Context context,
                                                      const iv1::UnblockDeviceRequest* request,
                                                      iv1::Identity* response) {
  return Decide(
      context, request->device(),
      [this, request](const Principal& actor, const DeviceId& id) {
        return identities_.Unblock(actor, id, request->reason()).status();
      },
      response);
}

IdentityService::Unary IdentityService::RebindDevice(Context context,
                                                     const iv1::RebindDeviceRequest* request,
                                                     iv1::Identity* response) {
  return Decide(
      context, request->device(),
      [this, request](const Principal& actor, const DeviceId& id) -> Status {
        ASSIGN_OR_RETURN(const ByteView to, ParseDigest(request->ek_spki_sha256()));
        ASSIGN_OR_RETURN(const RebindReason reason, ToDomain(request->reason()));
        return identities_.Rebind(actor, id, to, reason, request->note()).status();
      },
      response);
}

IdentityService::Unary IdentityService::ReleaseDevice(Context context,
                                                      const iv1::ReleaseDeviceRequest* request,
                                                      iv1::Identity* response) {
  return Decide(
      context, request->device(),
      [this, request](const Principal& actor, const DeviceId& id) {
        return identities_.Release(actor, id, request->reason()).status();
      },
      response);
}

IdentityService::Unary IdentityService::RevokeDevice(Context context,
                                                     const iv1::RevokeDeviceRequest* request,
                                                     iv1::Identity* response) {
  return Decide(
      context, request->device(),
      [this, request](const Principal& actor, const DeviceId& id) {
        return identities_.Revoke(actor, id, request->reason()).status();
      },
      response);
}

IdentityService::Unary IdentityService::VouchForDevice(Context context,
                                                       const iv1::VouchForDeviceRequest* request,
                                                       iv1::Identity* response) {
  return Decide(
      context, request->device(),
      [this, request](const Principal& actor, const DeviceId& id) -> Status {
        ASSIGN_OR_RETURN(const ByteView ek, ParseDigest(request->ek_spki_sha256()));
        return identities_.Vouch(actor, id, ek, request->reason()).status();
      },
      response);
}

IdentityService::Unary IdentityService::ImportListedEks(Context context,
                                                        const iv1::ImportListedEksRequest* request,
                                                        iv1::ImportListedEksResponse* response) {
  return Serve(context, Right::kManageIdentities,
               [this, request, response](const Principal& actor) -> Status {
                 ASSIGN_OR_RETURN(const BatchId batch, ListOf(request->batch()));
                 std::vector<Bytes> eks;
                 for (const std::string& ek : request->ek_spki_sha256()) eks.push_back(ToBytes(ek));
                 ASSIGN_OR_RETURN(const auto imported,
                                  admission_.ImportEks(actor, batch, eks, request->source()));
                 response->set_added(imported.added);
                 response->set_known(imported.known);
                 return OkStatus();
               });
}

IdentityService::Unary IdentityService::ListListedEks(Context context,
                                                      const iv1::ListListedEksRequest* request,
                                                      iv1::ListListedEksResponse* response) {
  return Serve(context, Right::kSeeEvidence, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const BatchId batch, ListOf(request->batch()));
    ASSIGN_OR_RETURN(const int limit, PageSize(request->page_size(), 200));
    ASSIGN_OR_RETURN_CTX(const Bytes after, FromHex(request->page_token()), "page_token");
    ASSIGN_OR_RETURN(auto eks, admission_.ListEks(batch, after, limit + 1));
    if (eks.size() > static_cast<size_t>(limit)) {
      eks.pop_back();
      response->set_next_page_token(ToHex(eks.back().ek_spki_sha256));
    }
    for (const ListedEk& ek : eks) ToProto(ek, response->add_eks());
    return OkStatus();
  });
}

IdentityService::Unary IdentityService::RemoveListedEks(Context context,
                                                        const iv1::RemoveListedEksRequest* request,
                                                        iv1::RemoveListedEksResponse* response) {
  return Serve(context, Right::kManageIdentities,
               [this, request, response](const Principal& actor) -> Status {
                 ASSIGN_OR_RETURN(const BatchId batch, ListOf(request->batch()));
                 ASSIGN_OR_RETURN(const ByteView ek, ParseDigest(request->ek_spki_sha256()));
                 ASSIGN_OR_RETURN(const int64_t removed,
                                  admission_.RemoveEks(actor, batch, ek, request->reason()));
                 response->set_removed(removed);
                 return OkStatus();
               });
}

IdentityService::Unary IdentityService::CreateOrderCode(Context context,
                                                        const iv1::CreateOrderCodeRequest* request,
                                                        iv1::CreateOrderCodeResponse* response) {
  return Serve(context, Right::kManageIdentities,
               [this, request, response](const Principal& actor) -> Status {
                 ASSIGN_OR_RETURN(const BatchId batch, ParseBatchName(request->batch()));
                 const std::chrono::seconds life(request->life().seconds());
                 ASSIGN_OR_RETURN(const auto made,
                                  admission_.CreateOrderCode(actor, batch, request->uses(), life));
                 ToProto(made.code, response->mutable_order_code());
                 response->set_code(made.text);
                 return OkStatus();
               });
}

IdentityService::Unary IdentityService::ListOrderCodes(Context context,
                                                       const iv1::ListOrderCodesRequest*,
                                                       iv1::ListOrderCodesResponse* response) {
  return Serve(context, Right::kSeeEvidence, [this, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const auto codes, admission_.OrderCodes());
    for (const OrderCode& code : codes) ToProto(code, response->add_order_codes());
    return OkStatus();
  });
}

IdentityService::Unary IdentityService::RevokeOrderCode(Context context,
                                                        const iv1::RevokeOrderCodeRequest* request,
                                                        iv1::OrderCode* response) {
  return Serve(context, Right::kManageIdentities,
               [this, request, response](const Principal& actor) -> Status {
                 ASSIGN_OR_RETURN(const std::string id, ParseOrderCodeName(request->name()));
                 ASSIGN_OR_RETURN(const OrderCode code,
                                  admission_.RevokeOrderCode(actor, id, request->reason()));
                 ToProto(code, response);
                 return OkStatus();
               });
}

IdentityService::Unary IdentityService::ListGoldenSets(Context context,
                                                       const iv1::ListGoldenSetsRequest* request,
                                                       iv1::ListGoldenSetsResponse* response) {
  return Serve(context, Right::kSeeEvidence, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const auto rows,
                     admission_.Goldens(request->manufacturer(), request->model()));
    std::map<std::string, uint32_t> variants;
    for (const GoldenRow& row : rows) {
      iv1::GoldenSet* added = response->add_golden_sets();
      ToProto(row, added);
      added->set_variant(++variants[ModelKey(row)]);
    }
    return OkStatus();
  });
}

IdentityService::Unary IdentityService::GetGoldenSet(Context context,
                                                     const iv1::GetGoldenSetRequest* request,
                                                     iv1::GoldenSet* response) {
  return Serve(context, Right::kSeeEvidence, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const uint64_t number, ParseGoldenName(request->name()));
    ASSIGN_OR_RETURN(const GoldenRow row, admission_.Golden(number));
    ASSIGN_OR_RETURN(const auto all, admission_.Goldens(row.manufacturer, row.model));
    ToProto(row, response);
    ValuesToProto(row, response);
    const auto older = std::count_if(
        all.begin(), all.end(), [&](const GoldenRow& other) { return other.number <= row.number; });
    response->set_variant(static_cast<uint32_t>(older));
    return OkStatus();
  });
}

IdentityService::Unary IdentityService::ApproveGoldenSet(
    Context context, const iv1::ApproveGoldenSetRequest* request, iv1::GoldenSet* response) {
  return Serve(context, Right::kManageIdentities,
               [this, request, response](const Principal& actor) -> Status {
                 ASSIGN_OR_RETURN(const uint64_t number, ParseGoldenName(request->name()));
                 ASSIGN_OR_RETURN(const GoldenRow row,
                                  admission_.ApproveGolden(actor, number, request->reason()));
                 ToProto(row, response);
                 return OkStatus();
               });
}

IdentityService::Unary IdentityService::RetireGoldenSet(Context context,
                                                        const iv1::RetireGoldenSetRequest* request,
                                                        iv1::GoldenSet* response) {
  return Serve(context, Right::kManageIdentities,
               [this, request, response](const Principal& actor) -> Status {
                 ASSIGN_OR_RETURN(const uint64_t number, ParseGoldenName(request->name()));
                 ASSIGN_OR_RETURN(const GoldenRow row,
                                  admission_.RetireGolden(actor, number, request->reason()));
                 ToProto(row, response);
                 return OkStatus();
               });
}

}  // namespace preseal::server
