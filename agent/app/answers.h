// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/service/person/person_input.h"
#include "common/status/status.h"

namespace preseal::agent {

// The file of --answers (docs/user-flow.md), YAML or JSON:
//   language: en-GB
//   keyboard: gb
//   licence: accept
//   sign_in: code          # or page
//   username: alice
//   code: ABCD-EFGH-JKLM   # a secret: keep the file from others
//   items: {asset-tag: A-1042}
// Everything is optional; what is not there is asked. InvalidArgument names the place of a mistake;
// errors of files::Read.
StatusOr<PreparedAnswers> ReadAnswers(const std::string& path);

}  // namespace preseal::agent
