// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/diagnostics/bundle_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/files/unique_fd.h"

namespace preseal::agent {
namespace {

constexpr std::string_view kCut = "\n[cut: the rest does not fit into a bundle]\n";
// Unpacked, so that what does not compress still fits: tar adds up to 2 KiB to each file.
constexpr size_t kBytesMost = kDiagnosticsBytesMax - kDiagnosticsFilesMax * 4096;

}  // namespace

void BundleWriter::Free::operator()(archive* handle) const { archive_write_free(handle); }

Status BundleWriter::Error() const {
  const int error = archive_errno(handle_.get());
  if (error > 0) return files::FromErrno(error, "write", path_);
  const char* text = archive_error_string(handle_.get());
  return Internal(std::string("write a bundle: ") + (text == nullptr ? "?" : text));
}

StatusOr<std::unique_ptr<BundleWriter>> BundleWriter::Open(const std::string& path,
                                                           const Redactor& redactor) {
  std::unique_ptr<BundleWriter> writer(new BundleWriter(archive_write_new(), path, redactor));
  archive* handle = writer->handle_.get();
  if (handle == nullptr) return Internal("archive: out of memory");
  if (archive_write_add_filter_zstd(handle) != ARCHIVE_OK ||
      archive_write_set_format_pax_restricted(handle) != ARCHIVE_OK) {
    return Unimplemented("libarchive was built without zstd or tar");
  }
  RETURN_IF_ERROR(files::RemoveTree(path));
  // libarchive would make it readable for all.
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return files::FromErrno(errno, "make", path);
  if (archive_write_open_filename(handle, path.c_str()) != ARCHIVE_OK) return writer->Error();
  return writer;
}

Status BundleWriter::Add(const std::string& name, std::string_view text) {
  return AddClean(name, redactor_.Clean(text));
}

Status BundleWriter::AddClean(const std::string& name, std::string clean) {
  if (files_ >= kDiagnosticsFilesMax || bytes_ + kCut.size() >= kBytesMost) return OkStatus();
  const size_t most = std::min<size_t>(kDiagnosticsFileBytesMax, kBytesMost - bytes_);
  if (clean.size() > most) {
    clean.resize(most - kCut.size());
    clean += kCut;
  }
  return Put(name, clean);
}

Status BundleWriter::Put(const std::string& name, std::string_view content) {
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                            archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  if (archive_write_header(handle_.get(), entry.get()) != ARCHIVE_OK) return Error();
  const la_ssize_t put = archive_write_data(handle_.get(), content.data(), content.size());
  if (put < 0 || static_cast<size_t>(put) != content.size()) return Error();
  ++files_;
  bytes_ += content.size();
  return OkStatus();
}

Status BundleWriter::Finish() {
  if (archive_write_close(handle_.get()) != ARCHIVE_OK) return Error();
  const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return files::FromErrno(errno, "fsync", path_);
  return OkStatus();
}

}  // namespace preseal::agent
