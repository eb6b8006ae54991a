// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/spool/spool_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "agent/adapters/spool/record.h"
#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent::spool {
namespace {

constexpr char kHeaderFile[] = "/run";
constexpr char kLatestFile[] = "/latest";

std::vector<std::string> SegmentPaths(const std::string& directory, std::error_code& error) {
  std::vector<std::string> paths;
  for (std::filesystem::directory_iterator entry(directory, error), end; entry != end && !error;
       entry.increment(error)) {
    if (entry->path().extension() == ".seg") paths.push_back(entry->path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

SpoolLog::SpoolLog(std::string directory, RunHeader header)
    : directory_(std::move(directory)), header_(std::move(header)), bytes_max_(kSpoolBytesMax) {}

StatusOr<std::shared_ptr<SpoolLog>> SpoolLog::Create(const std::string& directory,
                                                     const RunHeader& header) {
  const std::string fresh = directory + ".new";
  RETURN_IF_ERROR(files::RemoveTree(fresh));
  RETURN_IF_ERROR(files::MakeDirectories(fresh, 0700));
  RETURN_IF_ERROR(files::WriteAtomic(fresh + kHeaderFile, EncodeRunHeader(header), 0600));
  RETURN_IF_ERROR(Segment::Create(fresh, 1).status());
  if (::rename(fresh.c_str(), directory.c_str()) != 0) {
    return files::FromErrno(errno, "rename to", directory);
  }
  RETURN_IF_ERROR(files::SyncDirectory(std::filesystem::path(directory).parent_path()));
  return Open(directory);
}

StatusOr<std::shared_ptr<SpoolLog>> SpoolLog::Open(const std::string& directory) {
  ASSIGN_OR_RETURN(const Bytes file, files::Read(directory + kHeaderFile, kPlanBytesMax + 4096));
  auto header = DecodeRunHeader(file);
  if (!header) return DataLoss("damaged: " + directory + kHeaderFile);
  std::shared_ptr<SpoolLog> log(new SpoolLog(directory, *std::move(header)));
  RETURN_IF_ERROR(log->LoadLatest());
  RETURN_IF_ERROR(log->LoadSegments());
  return log;
}

Status SpoolLog::LoadLatest() {
  auto file = files::Read(directory_ + kLatestFile, kSpoolBytesMax);
  if (file.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(file.status());
  const Scan scan = ScanRecords(*file, /*consecutive=*/false);
  // It was written whole and renamed into place, so a tear cannot explain any damage.
  if (!DecodeFileHeader(kLatestMagic, *file) || scan.good_bytes != file->size()) {
    return DataLoss("damaged: " + directory_ + kLatestFile);
  }
  for (const Scan::Place& place : scan.places) {
    auto event = DecodeRecord(ByteView(*file).subspan(place.offset, place.bytes));
    if (event) latest_[event->key] = *std::move(event);
  }
  return OkStatus();
}

Status SpoolLog::LoadSegments() {
  std::error_code error;
  const auto paths = SegmentPaths(directory_, error);
  if (error) return files::FromErrno(error.value(), "list", directory_);
  if (paths.empty()) return DataLoss("no segment in " + directory_);
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(auto segment, Segment::Open(path));
    const bool last = path == paths.back();
    // A full segment was synced before the next one was made.
    if (!last && segment->dropped_bytes() > 0) return DataLoss("damaged: " + path);
    dropped_bytes_ += segment->dropped_bytes();
    if (!segments_.empty() && segments_.back()->next() != segment->first()) {
      // Renumber ended between making the new segment and removing the old ones.
      for (const auto& old : segments_) RETURN_IF_ERROR(RemoveSegment(*old));
      segments_.clear();
    }
    segments_.push_back(std::move(segment));
  }
  for (const auto& segment : segments_) {
    for (uint64_t sequence = segment->first(); sequence < segment->next(); ++sequence) {
      ASSIGN_OR_RETURN(LoggedEvent event, segment->Read(sequence));
      if (!event.key.empty()) latest_[event.key] = std::move(event);
    }
  }
  acked_ = segments_.front()->first() - 1;
  return OkStatus();
}

StatusOr<uint64_t> SpoolLog::Append(const std::string& key, uint32_t note, ByteView event,
                                    Durability durability) {
  const std::lock_guard lock(mutex_);
  if (failed_) return DataLoss("the spool's disk has failed: " + directory_);
  const LoggedEvent logged{segments_.back()->next(), note, key, ToBytes(event)};
  const Bytes record = EncodeRecord(logged);
  if (record.size() > kSpoolRecordBytesMax) return InvalidArgument("event too large for the spool");
  Status status = AppendLocked(logged, record);
  if (status.ok() && durability == Durability::kSurvivesPowerCut) status = segments_.back()->Sync();
  if (status.code() == StatusCode::kDataLoss) failed_ = true;
  RETURN_IF_ERROR(status);
  return logged.sequence;
}

Status SpoolLog::AppendLocked(const LoggedEvent& event, ByteView record) {
  RETURN_IF_ERROR(RollIfLarge());
  if (TotalBytes() + record.size() > bytes_max_) {
    return ResourceExhausted("spool is full of events the server has not acknowledged");
  }
  RETURN_IF_ERROR(segments_.back()->Append(record));
  if (!event.key.empty()) latest_[event.key] = event;
  return OkStatus();
}

Status SpoolLog::RollIfLarge() {
  if (segments_.back()->bytes() < kSpoolSegmentBytes) return OkStatus();
  RETURN_IF_ERROR(segments_.back()->Sync());
  ASSIGN_OR_RETURN(auto segment, Segment::Create(directory_, segments_.back()->next()));
  segments_.push_back(std::move(segment));
  return OkStatus();
}

StatusOr<std::vector<LoggedEvent>> SpoolLog::Read(uint64_t after, size_t events_max,
                                                  size_t bytes_max) {
  const std::lock_guard lock(mutex_);
  std::vector<LoggedEvent> events;
  uint64_t sequence = std::max(after + 1, segments_.front()->first());
  uint64_t bytes = 0;
  for (const auto& segment : segments_) {
    if (sequence < segment->next()) RETURN_IF_ERROR(segment->Sync());
    for (; sequence < segment->next() && events.size() < events_max; ++sequence) {
      bytes += segment->BytesOf(sequence);
      if (!events.empty() && bytes > bytes_max) return events;
      ASSIGN_OR_RETURN(LoggedEvent event, segment->Read(sequence));
      events.push_back(std::move(event));
    }
  }
  return events;
}

Status SpoolLog::Acked(uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (sequence <= acked_ || sequence >= segments_.back()->next()) return OkStatus();
  acked_ = sequence;
  return DropAckedSegments();
}

Status SpoolLog::DropAckedSegments() {
  if (segments_.size() == 1 || segments_.front()->next() > acked_ + 1) return OkStatus();
  uint64_t up_to = 0;
  for (size_t i = 0; i + 1 < segments_.size() && segments_[i]->next() <= acked_ + 1; ++i) {
    up_to = segments_[i]->next() - 1;
  }
  // First what must be kept, then what may go: in between both are there, which is harmless.
  RETURN_IF_ERROR(SaveLatest(up_to));
  while (segments_.front()->next() <= up_to + 1) {
    RETURN_IF_ERROR(RemoveSegment(*segments_.front()));
    segments_.pop_front();
  }
  return OkStatus();
}

Status SpoolLog::SaveLatest(uint64_t up_to) {
  std::vector<const LoggedEvent*> kept;
  for (const auto& [key, event] : latest_) {
    if (event.sequence <= up_to) kept.push_back(&event);
  }
  std::sort(kept.begin(), kept.end(),
            [](const auto* a, const auto* b) { return a->sequence < b->sequence; });
  Bytes file = EncodeFileHeader(kLatestMagic, up_to);
  for (const LoggedEvent* event : kept) {
    const Bytes record = EncodeRecord(*event);
    file.insert(file.end(), record.begin(), record.end());
  }
  return files::WriteAtomic(directory_ + kLatestFile, file, 0600);
}

Status SpoolLog::Renumber(uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (sequence == acked_) return OkStatus();
  // Written whole and then named, so that a crash finds the old segments or the new one.
  const std::string path = directory_ + "/" + SegmentName(sequence + 1);
  ASSIGN_OR_RETURN(const Bytes file, RenumberedSegment(sequence + 1));
  RETURN_IF_ERROR(SaveLatest(acked_));
  RETURN_IF_ERROR(files::WriteAtomic(path, file, 0600));
  ASSIGN_OR_RETURN(auto fresh, Segment::Open(path));
  for (const auto& segment : segments_) {
    if (segment->path() != path) RETURN_IF_ERROR(RemoveSegment(*segment));
  }
  segments_.clear();
  segments_.push_back(std::move(fresh));
  acked_ = sequence;
  return OkStatus();
}

StatusOr<Bytes> SpoolLog::RenumberedSegment(uint64_t first) {
  Bytes file = EncodeFileHeader(kSegmentMagic, first);
  uint64_t next = first;
  for (const auto& segment : segments_) {
    for (uint64_t old = std::max(acked_ + 1, segment->first()); old < segment->next(); ++old) {
      ASSIGN_OR_RETURN(LoggedEvent event, segment->Read(old));
      event.sequence = next++;
      const Bytes record = EncodeRecord(event);
      file.insert(file.end(), record.begin(), record.end());
    }
  }
  return file;
}

Status SpoolLog::RemoveSegment(const Segment& segment) {
  if (::unlink(segment.path().c_str()) != 0 && errno != ENOENT) {
    return files::FromErrno(errno, "remove", segment.path());
  }
  return OkStatus();
}

uint64_t SpoolLog::TotalBytes() const {
  uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->bytes();
  return bytes;
}

uint64_t SpoolLog::next_sequence() const {
  const std::lock_guard lock(mutex_);
  return segments_.back()->next();
}

uint64_t SpoolLog::acked() const {
  const std::lock_guard lock(mutex_);
  return acked_;
}

std::vector<LoggedEvent> SpoolLog::Latest() const {
  const std::lock_guard lock(mutex_);
  std::vector<LoggedEvent> events;
  for (const auto& [key, event] : latest_) events.push_back(event);
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  return events;
}

void SpoolLog::SetBytesMax(uint64_t bytes_max) {
  const std::lock_guard lock(mutex_);
  bytes_max_ = bytes_max;
}

}  // namespace preseal::agent::spool
