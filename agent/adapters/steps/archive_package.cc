// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/archive_package.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "agent/adapters/steps/results.h"
#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr std::string_view kReceiptHead = "preseal-archive 1";
constexpr size_t kDigestHexBytes = 64;

std::string ReceiptPath(const PackageStep& package) {
  const auto destination = crypto::Sha256(AsBytes(package.destination));
  return fmt::format("/var/lib/preseal/archives/{}.{}", ToHex(package.artifact.sha256),
                     ToHex(ByteView(destination).first(8)));
}

// "f 0644 DIGEST /usr/bin/x"
std::string ReceiptLine(char type, mode_t mode, ByteView sha256, const std::string& path) {
  return fmt::format("{} {:04o} {} {}\n", type, mode, ToHex(sha256), path);
}

struct ReceiptEntry {
  char type = 0;
  mode_t mode = 0;
  std::string digest;
  std::string path;
};

StatusOr<ReceiptEntry> ParseReceiptLine(const std::string& line) {
  ReceiptEntry entry;
  std::istringstream words(line);
  std::string mode;
  if (words >> entry.type >> mode >> entry.digest && words.get() == ' ' &&
      std::getline(words, entry.path) && entry.digest.size() == kDigestHexBytes) {
    const auto parsed = std::from_chars(mode.data(), mode.data() + mode.size(), entry.mode, 8);
    if (parsed.ec == std::errc()) return entry;
  }
  return InvalidArgument("damaged archive receipt");
}

mode_t TypeBits(char type) {
  switch (type) {
    case 'f':
      return S_IFREG;
    case 'l':
      return S_IFLNK;
    default:
      return S_IFDIR;
  }
}

StepResult CheckEntry(const TargetRoot& destination, const ReceiptEntry& entry) {
  const auto facts = destination.Look(entry.path);
  if (!facts.ok()) return FromTargetStatus(facts.status());
  if (!*facts) return NotInPlace(entry.path + " does not exist");
  if (((*facts)->mode & S_IFMT) != TypeBits(entry.type)) {
    return NotInPlace(entry.path + " is of another kind");
  }
  if (entry.type == 'd') return Done();
  if (ToHex((*facts)->sha256) != entry.digest) {
    return NotInPlace(entry.path + " has other content");
  }
  if (entry.type == 'f' && ((*facts)->mode & 07777) != entry.mode) {
    return NotInPlace(entry.path + " has another mode");
  }
  return Done();
}

// The archive's fault and the target's are told apart by code: only the reader says
// INVALID_ARGUMENT.
StepResult FromUnpackStatus(const Step& step, const Status& status) {
  if (status.code() == StatusCode::kInvalidArgument) {
    return FailedForGood(ItemCode::kArtifactMalformed, MessageOf(status));
  }
  if (status.code() == StatusCode::kDeadlineExceeded) {
    return Failed(ItemCode::kStepTimeout,
                  fmt::format("unpacking took longer than {} ms", step.timeout.count()));
  }
  return FromTargetStatus(status);
}

}  // namespace

StepResult ArchivePackages::Check(const PackageStep& package, std::stop_token stop) {
  const auto facts = target_.Look(ReceiptPath(package));
  if (!facts.ok()) return FromTargetStatus(facts.status());
  if (!*facts) return NotInPlace("the archive was not unpacked here");
  const auto receipt = target_.Read(ReceiptPath(package), kArchiveReceiptBytesMax);
  if (!receipt.ok()) return FromTargetStatus(receipt.status());
  const auto destination = target_.Enter(package.destination);
  if (!destination.ok()) return FromTargetStatus(destination.status());
  std::istringstream lines(ToString(ByteView(*receipt)));
  std::string line;
  if (!std::getline(lines, line) || line != kReceiptHead) return NotInPlace("unknown receipt");
  while (std::getline(lines, line)) {
    if (stop.stop_requested()) return {.kind = StepResult::Kind::kStopped};
    const auto entry = ParseReceiptLine(line);
    if (!entry.ok()) return NotInPlace(MessageOf(entry.status()));
    StepResult result = CheckEntry(*destination, *entry);
    if (result.kind != StepResult::Kind::kDone) return result;
  }
  return Done();
}

StepResult ArchivePackages::Apply(const Step& step, const PackageStep& package,
                                  StepObserver& observer, std::stop_token stop) {
  const auto deadline = std::chrono::steady_clock::now() + step.timeout;
  const auto on_percent = [&observer](uint32_t percent) { observer.OnPercent(percent / 2); };
  const auto file = artifacts_.Fetch(package.artifact, step.timeout, on_percent, stop);
  if (!file.ok()) return FromArtifactStatus(file.status());
  return FromUnpackStatus(step, Unpack(*file, package, observer, deadline, stop));
}

Status ArchivePackages::Unpack(const std::string& file, const PackageStep& package,
                               StepObserver& observer,
                               std::chrono::steady_clock::time_point deadline,
                               std::stop_token stop) {
  ASSIGN_OR_RETURN(auto reader, ArchiveReader::Open(file));
  ASSIGN_OR_RETURN(TargetRoot destination, target_.Enter(package.destination));
  std::string receipt = std::string(kReceiptHead) + "\n";
  while (true) {
    ASSIGN_OR_RETURN(const auto entry, reader->Next());
    if (!entry) break;
    if (stop.stop_requested()) return Cancelled("stopped");
    if (std::chrono::steady_clock::now() > deadline) return DeadlineExceeded("unpack");
    ASSIGN_OR_RETURN(const std::string line, UnpackEntry(*reader, *entry, destination));
    receipt += line;
    const uint64_t size = std::max<uint64_t>(package.artifact.size, 1);
    const uint64_t done = std::min(reader->bytes_read(), size);
    observer.OnPercent(static_cast<uint32_t>(50 + done * 50 / size));
  }
  if (receipt.size() > kArchiveReceiptBytesMax) return InvalidArgument("archive is too large");
  return target_.WriteBytes(ReceiptPath(package), 0644, AsBytes(receipt));
}

// Writes the entry and returns its line of the receipt.
StatusOr<std::string> ArchivePackages::UnpackEntry(ArchiveReader& reader, const ArchiveEntry& entry,
                                                   TargetRoot& destination) {
  crypto::Digest256 digest{};
  char type = 'f';
  switch (entry.type) {
    case ArchiveEntry::Type::kFolder:
      if (entry.path.empty()) return std::string();
      RETURN_IF_ERROR(destination.MakeDirectory(entry.path, entry.mode));
      type = 'd';
      break;
    case ArchiveEntry::Type::kSymlink:
      RETURN_IF_ERROR(destination.MakeSymlink(entry.path, entry.link));
      digest = crypto::Sha256(AsBytes(entry.link));
      type = 'l';
      break;
    case ArchiveEntry::Type::kHardlink: {
      RETURN_IF_ERROR(destination.MakeHardlink(entry.path, entry.link));
      ASSIGN_OR_RETURN(const auto facts, destination.Look(entry.path));
      if (!facts) return Internal("hard link vanished: " + entry.path);
      return ReceiptLine('f', facts->mode & 07777, facts->sha256, entry.path);
    }
    case ArchiveEntry::Type::kFile: {
      crypto::Sha256Stream stream;
      RETURN_IF_ERROR(destination.Write(entry.path, entry.mode, [&](int fd) {
        return reader.ReadContent([&](ByteView piece) {
          stream.Update(piece);
          return files::WriteAll(fd, piece, entry.path);
        });
      }));
      digest = stream.Finish();
      break;
    }
  }
  if (::geteuid() == 0) {
    RETURN_IF_ERROR(destination.ChangeOwner(entry.path, entry.uid, entry.gid));
  }
  return ReceiptLine(type, entry.mode, digest, entry.path);
}

}  // namespace preseal::agent::steps
