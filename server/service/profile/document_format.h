// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "server/domain/assignment/effective_plan.h"
#include "server/domain/assignment/library.h"
#include "server/service/profile/document_ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// What stands behind a document's `source`. Not thread-safe.
class DocumentFiles {
 public:
  virtual ~DocumentFiles() = default;
  // Nothing: the server has no such content.
  virtual std::optional<DocumentFile> Find(std::string_view source) = 0;
  // All of it. InvalidArgument: over `bytes_max`. Others: it cannot be read.
  virtual StatusOr<Bytes> Content(const DocumentFile& file, size_t bytes_max) = 0;
};

struct ParsedDocument {
  DocumentKind kind = DocumentKind::kDeploymentProfile;
  std::string id;
  std::string text;                 // of this document alone
  std::vector<DocumentFile> files;  // it names
  Place place;
  std::variant<DeploymentProfile, DeviceGroup, ItemSpec, Assignment> content;
};

struct MissingSource {
  Place place;
  std::string source;
};

struct ParsedText {
  std::vector<ParsedDocument> documents;  // whole only if there are no mistakes
  std::vector<Mistake> mistakes;          // at most kMistakesMax
  std::vector<MissingSource> missing;
};

// How documents and plans are written. Thread-safe.
class DocumentFormat {
 public:
  virtual ~DocumentFormat() = default;
  // One or several documents; docs/profiles.md. `file_name` stands in places.
  virtual ParsedText Parse(std::string_view file_name, std::string_view text,
                           DocumentFiles& files) const = 0;
  // A run's copy of a plan. FailedPrecondition: over kPlanBytesMax.
  virtual StatusOr<FrozenPlan> Encode(const EffectivePlan& plan) const = 0;
  // What is different in `after`, one line each; both as FrozenPlan::plan. InvalidArgument: one is
  // no plan.
  virtual StatusOr<std::vector<std::string>> Compare(ByteView before, ByteView after) const = 0;
};

}  // namespace preseal::server
