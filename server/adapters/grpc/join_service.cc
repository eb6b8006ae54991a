// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/join_service.h"

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"

namespace preseal::server {

grpc::ServerUnaryReactor* JoinService::FetchJoin(grpc::CallbackServerContext* context,
                                                 const device::v1::FetchJoinRequest* request,
                                                 device::v1::FetchJoinResponse* response) {
  return workers_.Serve(context, [this, context, request, response]() -> Status {
    ASSIGN_OR_RETURN(const DeviceCaller caller, DeviceOf(*context));
    RETURN_IF_ERROR(revocations_.Check(caller.certificate_sha256));
    // Whoever waits no longer must not void the blob of whoever asks again.
    if (context->IsCancelled()) return Cancelled("the caller is gone");
    ASSIGN_OR_RETURN(const RunId run, RunId::Parse(request->run_id()));
    if (request->item_id().size() > kItemIdBytesMax) return InvalidArgument("item_id is too long");
    ASSIGN_OR_RETURN(const JoinBlob blob, desk_.Fetch(caller.device_id, run, request->item_id()));
    response->set_provider(blob.provider);
    response->set_domain(blob.domain);
    response->set_blob(ToString(blob.blob.Reveal()));
    return OkStatus();
  });
}

}  // namespace preseal::server
