// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/status/status.h"
#include "preseal/profile/v1/profile.pb.h"
#include "server/cli/connection.h"
#include "server/cli/progress_line.h"
#include "server/cli/terminal.h"

namespace preseal::server::cli {

// The documents of `paths`: files, the *.yaml of folders, "-" for standard input. The file's own
// error, as InvalidArgument.
StatusOr<std::vector<preseal::profile::v1::DocumentText>> ReadDocumentTexts(
    const Terminal& terminal, const std::vector<std::string>& paths);

// A file that documents name, on this machine.
struct SourceFile {
  std::string path;
  preseal::plan::v1::Artifact artifact;
};
// `source` as written in `document`, whose folder it starts from. InvalidArgument: no such file.
StatusOr<SourceFile> FindSourceFile(const std::string& document, const std::string& source);

// Sends the content, telling how far it is.
Status UploadSourceFile(const Connection& connection, const SourceFile& file,
                        ProgressLine* progress);

}  // namespace preseal::server::cli
