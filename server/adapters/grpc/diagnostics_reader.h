// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "preseal/diagnostics/v1/diagnostics.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/diagnostics/diagnostics_office.h"

namespace preseal::server {

// preseal.diagnostics.v1.DiagnosticsReaderService; what each method does is said in the proto.
// Thread-safe.
class DiagnosticsReader final : public diagnostics::v1::DiagnosticsReaderService::CallbackService {
 public:
  DiagnosticsReader(Accounts& accounts, DiagnosticsOffice& office, const BundleStore& bundles,
                    Workers& workers)
      : accounts_(accounts), office_(office), bundles_(bundles), workers_(workers) {}

  using Unary = grpc::ServerUnaryReactor*;
  using Context = grpc::CallbackServerContext*;

  Unary ListBundles(Context context, const diagnostics::v1::ListBundlesRequest* request,
                    diagnostics::v1::ListBundlesResponse* response) override;
  Unary ListFiles(Context context, const diagnostics::v1::ListFilesRequest* request,
                  diagnostics::v1::ListFilesResponse* response) override;
  Unary ReadFile(Context context, const diagnostics::v1::ReadFileRequest* request,
                 diagnostics::v1::ReadFileResponse* response) override;
  grpc::ServerWriteReactor<diagnostics::v1::DownloadResponse>* Download(
      Context context, const diagnostics::v1::DownloadRequest* request) override;
  Unary Diagnose(Context context, const diagnostics::v1::DiagnoseRequest* request,
                 diagnostics::v1::DiagnoseResponse* response) override;

 private:
  Unary Serve(Context context, std::function<Status()> work);
  StatusOr<Bundle> Find(const std::string& name) const;

  Accounts& accounts_;
  DiagnosticsOffice& office_;
  const BundleStore& bundles_;
  Workers& workers_;
};

// Text of a part of a file: UTF-8 as it is, line ends and tabs too; everything else, and what could
// steer a terminal, becomes \xNN. A character cut off at the end is left for the next part: `used`
// says how many bytes the text stands for.
std::string TextOfPart(ByteView bytes, bool last, size_t* used);

}  // namespace preseal::server
