// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/spool/segment.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "agent/adapters/spool/record.h"
#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent::spool {
namespace {

StatusOr<UniqueFd> OpenForAppend(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return files::FromErrno(errno, "open", path);
  return fd;
}

}  // namespace

std::string SegmentName(uint64_t first) { return fmt::format("{:020}.seg", first); }

Segment::Segment(std::string path, UniqueFd fd, uint64_t first)
    : path_(std::move(path)), fd_(std::move(fd)), first_(first), header_end_(kFileHeaderBytes) {}

StatusOr<std::unique_ptr<Segment>> Segment::Create(const std::string& directory, uint64_t first) {
  const std::string path = directory + "/" + SegmentName(first);
  RETURN_IF_ERROR(files::WriteAtomic(path, EncodeFileHeader(kSegmentMagic, first), 0600));
  ASSIGN_OR_RETURN(UniqueFd fd, OpenForAppend(path));
  return std::unique_ptr<Segment>(new Segment(path, std::move(fd), first));
}

StatusOr<std::unique_ptr<Segment>> Segment::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes file, files::Read(path, kSpoolBytesMax));
  const auto first = DecodeFileHeader(kSegmentMagic, file);
  if (!first) return DataLoss("spool segment has a damaged header: " + path);
  Scan scan = ScanRecords(file, /*consecutive=*/true);
  if (!scan.places.empty() && scan.places.front().sequence != *first) {
    scan = Scan{{}, kFileHeaderBytes};
  }
  ASSIGN_OR_RETURN(UniqueFd fd, OpenForAppend(path));
  std::unique_ptr<Segment> segment(new Segment(path, std::move(fd), *first));
  for (const Scan::Place& place : scan.places) segment->ends_.push_back(place.offset + place.bytes);
  segment->dropped_bytes_ = file.size() - scan.good_bytes;
  if (segment->dropped_bytes_ > 0 &&
      ::ftruncate(segment->fd_.get(), static_cast<off_t>(scan.good_bytes)) != 0) {
    return files::FromErrno(errno, "cut torn tail of", path);
  }
  // A killed agent's last records are in the system's cache only; they must not be sent before they
  // are on the disk.
  segment->synced_ = false;
  return segment;
}

Status Segment::Append(ByteView record) {
  const Status written = files::WriteAll(fd_.get(), record, path_);
  if (!written.ok()) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes())) != 0) {
      return DataLoss("cannot undo a partial write of " + path_);
    }
    return written;
  }
  ends_.push_back(bytes() + record.size());
  synced_ = false;
  return OkStatus();
}

Status Segment::Sync() {
  if (synced_) return OkStatus();
  // After a failed fsync the kernel forgets the error and the pages; trying again would lie.
  if (::fdatasync(fd_.get()) != 0) return DataLoss("the disk did not take " + path_);
  synced_ = true;
  return OkStatus();
}

StatusOr<LoggedEvent> Segment::Read(uint64_t sequence) const {
  Bytes record(BytesOf(sequence));
  const ssize_t got =
      ::pread(fd_.get(), record.data(), record.size(), static_cast<off_t>(Begin(sequence)));
  if (got < 0) return files::FromErrno(errno, "read", path_);
  auto event = DecodeRecord(ByteView(record).first(static_cast<size_t>(got)));
  if (!event || event->sequence != sequence) {
    return DataLoss(fmt::format("event {} of {} is damaged", sequence, path_));
  }
  return *std::move(event);
}

}  // namespace preseal::agent::spool
