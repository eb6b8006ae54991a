// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/adapters/blobs/blob_directory.h"
#include "server/adapters/config/server_config.h"
#include "server/adapters/profile/yaml_format.h"
#include "server/service/profile/document_desk.h"
#include "server/service/profile/library_loader.h"
#include "server/service/profile/profile_desk.h"

namespace preseal::server {

// Profiles and assignment, in the order of construction.
struct ProfileParts {
  ProfileParts(Store& store, const Clock& clock, const BlobDirectory& blobs,
               const ServerConfig& config);

  // Takes in what the profiles folder has and settles which profiles are whose. InvalidArgument
  // lists every mistake in the folder; FailedPrecondition as ReadProfileFolder,
  // ProfileDesk::Settle.
  Status Load(const ServerConfig& config);

  YamlFormat format;  // of documents and plans
  LibraryLoader loader;
  ProfileDesk desk;
  DocumentDesk documents;

 private:
  Store& store_;
  const BlobDirectory& blobs_;
};

}  // namespace preseal::server
