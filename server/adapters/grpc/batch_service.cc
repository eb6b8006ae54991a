// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/batch_service.h"

#include <memory>
#include <optional>
#include <string>

#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/feed_reactor.h"
#include "server/adapters/grpc/paging.h"
#include "server/adapters/grpc/resource_names.h"

namespace preseal::server {

Status BatchService::ReadBatch(const std::string& bearer, const std::string& name,
                               batch::v1::Batch* out) {
  ASSIGN_OR_RETURN(const Principal principal, accounts_.Resolve(bearer));
  ASSIGN_OR_RETURN(const BatchId id, ParseBatchName(name));
  // Before the look-up: a reseller must not learn which other batches exist.
  RETURN_IF_ERROR(RequireBatch(principal, id));
  return store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Batch batch, tx.batches.GetBatch(id));
    ToProto(batch, out);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* BatchService::GetBatch(grpc::CallbackServerContext* context,
                                                 const batch::v1::GetBatchRequest* request,
                                                 batch::v1::Batch* response) {
  return workers_.Serve(context, [this, context, request, response] {
    return ReadBatch(BearerOf(*context), request->name(), response);
  });
}

grpc::ServerUnaryReactor* BatchService::ListBatches(grpc::CallbackServerContext* context,
                                                    const batch::v1::ListBatchesRequest* request,
                                                    batch::v1::ListBatchesResponse* response) {
  return workers_.Serve(context, [this, context, request, response]() -> Status {
    ASSIGN_OR_RETURN(const Principal principal, Authorise(*context, accounts_, Right::kSeeBatches));
    ASSIGN_OR_RETURN(const int limit, PageSize(request->page_size(), 100));
    std::optional<BatchId> after;
    if (!request->page_token().empty()) {
      ASSIGN_OR_RETURN_CTX(after, BatchId::Parse(request->page_token()), "page_token");
    }
    std::optional<std::vector<BatchId>> visible;
    if (principal.role == Role::kReseller) visible = principal.batches;
    return store_.Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(auto batches, tx.batches.ListBatches(visible, after, limit + 1));
      if (batches.size() > static_cast<size_t>(limit)) {
        batches.pop_back();
        response->set_next_page_token(batches.back().id.text());
      }
      for (const Batch& batch : batches) ToProto(batch, response->add_batches());
      return OkStatus();
    });
  });
}

grpc::ServerWriteReactor<batch::v1::Batch>* BatchService::WatchBatch(
    grpc::CallbackServerContext* context, const batch::v1::WatchBatchRequest* request) {
  auto last = std::make_shared<std::string>();
  return FeedReactor<batch::v1::Batch>::Start(
      feed_, workers_,
      [this, last, bearer = BearerOf(*context), name = request->name()](
          bool heartbeat, batch::v1::Batch* out) -> StatusOr<bool> {
        RETURN_IF_ERROR(ReadBatch(bearer, name, out));
        std::string now = out->SerializeAsString();
        const bool changed = now != *last;
        *last = std::move(now);
        return changed || heartbeat;
      });
}

}  // namespace preseal::server
