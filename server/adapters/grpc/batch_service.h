// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "preseal/batch/v1/batch.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/change_feed.h"
#include "server/service/ports.h"

namespace preseal::server {

// preseal.batch.v1.BatchService; what each method does is said in the proto. Thread-safe.
class BatchService final : public batch::v1::BatchService::CallbackService {
 public:
  BatchService(Store& store, Accounts& accounts, ChangeFeed& feed, Workers& workers)
      : store_(store), accounts_(accounts), feed_(feed), workers_(workers) {}

  grpc::ServerUnaryReactor* GetBatch(grpc::CallbackServerContext* context,
                                     const batch::v1::GetBatchRequest* request,
                                     batch::v1::Batch* response) override;
  grpc::ServerUnaryReactor* ListBatches(grpc::CallbackServerContext* context,
                                        const batch::v1::ListBatchesRequest* request,
                                        batch::v1::ListBatchesResponse* response) override;
  grpc::ServerWriteReactor<batch::v1::Batch>* WatchBatch(
      grpc::CallbackServerContext* context, const batch::v1::WatchBatchRequest* request) override;

 private:
  // The batch, if the holder of `bearer` may see it.
  Status ReadBatch(const std::string& bearer, const std::string& name, batch::v1::Batch* out);

  Store& store_;
  Accounts& accounts_;
  ChangeFeed& feed_;
  Workers& workers_;
};

}  // namespace preseal::server
