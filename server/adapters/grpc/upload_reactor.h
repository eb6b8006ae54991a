// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "common/status/status.h"
#include "preseal/profile/v1/profile.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/profile/artifact_store.h"

namespace preseal::server {

// Takes one artefact in; the disk is touched on workers, one chunk at a time. `allowed` is what the
// caller may: an error ends the call before a byte is read. Owns itself until the call is over.
grpc::ServerReadReactor<profile::v1::UploadArtifactRequest>* StartUpload(
    const Status& allowed, const ArtifactIntake& intake, Workers& workers,
    profile::v1::UploadArtifactResponse* response);

}  // namespace preseal::server
