// SPDX-License-Identifier: Apache-2.0
#include "server/service/profile/document_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "server/service/touched_devices.h"

namespace preseal::server {
namespace {

std::string NameOf(DocumentKind kind, std::string_view id) {
  return fmt::format("documents/{}/{}", PathOf(kind), id);
}

std::string TextOf(const Mistake& mistake) {
  return fmt::format("{}:{}:{}: {}", mistake.place.file, mistake.place.line, mistake.place.column,
                     mistake.message);
}

// Files a caller names count only if their content is here.
class GivenFiles final : public DocumentFiles {
 public:
  GivenFiles(const std::vector<DocumentFile>& files, const ArtifactStore& artifacts)
      : stored_(files, artifacts), artifacts_(artifacts) {}
  std::optional<DocumentFile> Find(std::string_view source) override {
    auto file = stored_.Find(source);
    if (!file || !artifacts_.Open(ByteView(file->sha256), file->size).ok()) return std::nullopt;
    return file;
  }
  StatusOr<Bytes> Content(const DocumentFile& file, size_t bytes_max) override {
    return stored_.Content(file, bytes_max);
  }

 private:
  StoredFiles stored_;
  const ArtifactStore& artifacts_;
};

}  // namespace

// What an apply would do.
struct DocumentDesk::Plan {
  PlannedChanges planned;
  ApplyAnswer answer;
};

ParsedText DocumentDesk::ParseAll(const ApplyInput& input) const {
  GivenFiles files(input.files, artifacts_);
  ParsedText all;
  std::map<Key, Place> seen;
  for (const DocumentText& text : input.documents) {
    ParsedText parsed = format_.Parse(text.file_name, text.text, files);
    for (ParsedDocument& document : parsed.documents) {
      const auto [it, fresh] = seen.emplace(Key(document.kind, document.id), document.place);
      if (!fresh) {
        all.mistakes.push_back({document.place, fmt::format("there is another {} \"{}\" at {}:{}",
                                                            NameOf(document.kind), document.id,
                                                            it->second.file, it->second.line)});
      }
      all.documents.push_back(std::move(document));
    }
    std::move(parsed.mistakes.begin(), parsed.mistakes.end(), std::back_inserter(all.mistakes));
    std::move(parsed.missing.begin(), parsed.missing.end(), std::back_inserter(all.missing));
  }
  std::sort(all.documents.begin(), all.documents.end(), [](const auto& a, const auto& b) {
    return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
  });
  return all;
}

// The mistakes of one text hide those between texts, which would only confuse.
StatusOr<DocumentDesk::Plan> DocumentDesk::PlanFor(Tx& tx, const ParsedText& parsed, bool prune,
                                                   std::string_view actor) const {
  Plan plan;
  plan.answer.mistakes = parsed.mistakes;
  plan.answer.missing = parsed.missing;
  if (!parsed.mistakes.empty() || !parsed.missing.empty()) return plan;
  ASSIGN_OR_RETURN(plan.planned, PlanChanges(tx, loader_, parsed.documents, prune,
                                             std::string(actor), clock_.Now()));
  const Library& after = plan.planned.after;
  plan.answer.mistakes = CheckLibrary(after);
  const size_t documents =
      after.profiles.size() + after.groups.size() + after.items.size() + after.assignments.size();
  if (documents > kDocumentsMax || after.profiles.size() > kDeploymentProfilesMax) {
    return ResourceExhausted(fmt::format("at most {} documents, {} of them profiles", kDocumentsMax,
                                         kDeploymentProfilesMax));
  }
  for (const std::string& name : {profiles_.default_profile(), profiles_.quarantine_profile()}) {
    if (name.empty() || after.profiles.contains(name)) continue;
    plan.answer.mistakes.push_back(
        {{"configuration", 0, 0},
         fmt::format("profile \"{}\" is named there and must stay", name)});
  }
  plan.answer.changes = plan.planned.changes;
  return plan;
}

Status DocumentDesk::CountDevices(Tx& tx, Plan* plan) const {
  std::vector<Key> changed;
  for (const DocumentChange& change : plan->answer.changes) {
    if (change.outcome != ChangeOutcome::kUnchanged) changed.emplace_back(change.kind, change.id);
  }
  ASSIGN_OR_RETURN(TouchedDevices touched,
                   CountTouched(tx, profiles_, plan->planned.before, plan->planned.after, changed));
  size_t next = 0;
  for (DocumentChange& change : plan->answer.changes) {
    if (change.outcome != ChangeOutcome::kUnchanged) change.devices = touched.counts[next++];
  }
  plan->answer.warnings = std::move(touched.warnings);
  return OkStatus();
}

Status DocumentDesk::Carry(Tx& tx, const Plan& plan, std::string_view actor) const {
  for (const StoredDocument& document : plan.planned.writes) {
    RETURN_IF_ERROR(tx.documents.PutDocument(document));
    RETURN_IF_ERROR(
        tx.audit.Record({.time = document.update_time,
                         .actor = std::string(actor),
                         .action = document.deleted ? "document.delete" : "document.apply",
                         .subject = NameOf(document.kind, document.id),
                         .detail = fmt::format("version {}", document.version)}));
  }
  return OkStatus();
}

StatusOr<ApplyAnswer> DocumentDesk::Run(std::string_view actor, const ApplyInput& input) {
  const ParsedText parsed = ParseAll(input);
  ApplyAnswer answer;
  const auto bad = [&answer] { return !answer.mistakes.empty() || !answer.missing.empty(); };
  // Looked at outside the writer, as it may take a while; what is written is planned again there.
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Plan plan, PlanFor(tx, parsed, input.prune, actor));
    if (plan.answer.mistakes.empty()) RETURN_IF_ERROR(CountDevices(tx, &plan));
    answer = std::move(plan.answer);
    return OkStatus();
  }));
  if (bad() || input.validate_only) return answer;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Plan plan, PlanFor(tx, parsed, input.prune, actor));
    answer.mistakes = plan.answer.mistakes;
    return bad() ? OkStatus() : Carry(tx, plan, actor);
  }));
  answer.applied = !bad();
  return answer;
}

StatusOr<ApplyAnswer> DocumentDesk::Apply(const Principal& actor, const ApplyInput& input) {
  if (input.documents.empty()) return InvalidArgument("there are no documents to apply");
  ASSIGN_OR_RETURN(ApplyAnswer answer, Run(actor.name, input));
  if (answer.applied) {
    log::Info("documents applied", {{"documents", answer.changes.size()}, {"actor", actor.name}});
  }
  return answer;
}

Status DocumentDesk::ApplyFolder(const std::vector<DocumentText>& documents,
                                 const std::vector<DocumentFile>& files) {
  ASSIGN_OR_RETURN(const ApplyAnswer answer, Run(kFolderActor, {documents, files}));
  std::string text;
  for (const Mistake& mistake : answer.mistakes) text += TextOf(mistake) + "\n";
  for (const MissingSource& missing : answer.missing) {
    text += TextOf({missing.place, fmt::format("no such file: {}", missing.source)}) + "\n";
  }
  if (text.empty()) return OkStatus();
  text.pop_back();
  return InvalidArgument(text);
}

StatusOr<std::vector<StoredDocument>> DocumentDesk::List(bool with_text) {
  std::vector<StoredDocument> documents;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(documents, tx.documents.Documents(with_text));
    return OkStatus();
  }));
  return documents;
}

StatusOr<StoredDocument> DocumentDesk::Get(DocumentKind kind, const std::string& id,
                                           uint32_t version) {
  StoredDocument document;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(document, tx.documents.GetDocument(kind, id, version));
    return OkStatus();
  }));
  return document;
}

StatusOr<StoredDocument> DocumentDesk::Delete(const Principal& actor, DocumentKind kind,
                                              const std::string& id) {
  StoredDocument gone;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(gone, tx.documents.GetDocument(kind, id, 0));
    if (gone.deleted) return NotFound(fmt::format("there is no {}", NameOf(kind, id)));
    ASSIGN_OR_RETURN(auto kept, tx.documents.Documents(true));
    std::erase_if(kept, [&](const StoredDocument& d) { return d.kind == kind && d.id == id; });
    ASSIGN_OR_RETURN(const Library rest, loader_.Build(kept));
    const auto mistakes = CheckLibrary(rest);
    if (!mistakes.empty()) return FailedPrecondition(TextOf(mistakes.front()));
    if (kind == DocumentKind::kDeploymentProfile &&
        (id == profiles_.default_profile() || id == profiles_.quarantine_profile())) {
      return FailedPrecondition("the server's configuration names this profile");
    }
    gone.version += 1;
    gone.deleted = true;
    gone.actor = actor.name;
    gone.update_time = clock_.Now();
    Plan plan;
    plan.planned.writes = {gone};
    return Carry(tx, plan, actor.name);
  }));
  return gone;
}

}  // namespace preseal::server
