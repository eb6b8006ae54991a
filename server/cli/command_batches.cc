// SPDX-License-Identifier: Apache-2.0
// batches list, batches show.
#include "common/base/limits.h"
#include "preseal/batch/v1/batch.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Batches = batch_v1::BatchService::Stub;

}  // namespace

StatusOr<ExitCode> ListBatches(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  batch_v1::ListBatchesRequest request;
  request.set_page_size(kPageSizeMax);
  batch_v1::ListBatchesResponse all;
  do {
    ASSIGN_OR_RETURN(auto page, connection->Call(&Batches::ListBatches, request));
    for (auto& batch : *page.mutable_batches()) *all.add_batches() = std::move(batch);
    if (static_cast<size_t>(all.batches_size()) > kCliDevicesMax) {
      return ResourceExhausted("too many batches to hold at once");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  cli.Print(BatchesReport(all));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ShowBatch(const Cli& cli, const std::string& batch) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  batch_v1::GetBatchRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), BatchName(batch));
  ASSIGN_OR_RETURN(const auto found, connection->Call(&Batches::GetBatch, request));
  cli.Print(BatchReport(found));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
