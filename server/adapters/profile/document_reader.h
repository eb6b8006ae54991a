// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "server/service/profile/document_format.h"

namespace preseal::server {

// Reads the YAML documents of one text, docs/profiles.md. Pure but for `files`.
ParsedText ReadDocuments(std::string_view file_name, std::string_view text, DocumentFiles& files);

}  // namespace preseal::server
