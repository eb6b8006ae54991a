// SPDX-License-Identifier: Apache-2.0
#include "server/cli/document_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "preseal/profile/v1/profile.grpc.pb.h"
#include "server/cli/input_file.h"

namespace preseal::server::cli {
namespace {

namespace fs = std::filesystem;
namespace prv1 = ::preseal::profile::v1;

StatusOr<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (path == "-" || !fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".yaml") files.push_back(it->path().string());
  }
  if (error) return InvalidArgument(path + ": " + error.message());
  if (files.empty()) return InvalidArgument(path + ": there is no *.yaml in it");
  std::sort(files.begin(), files.end());
  return files;
}

// Calls `take` for each piece of the file.
Status ReadPieces(const std::string& path, const std::function<Status(ByteView)>& take) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return InvalidArgument(path + ": cannot be read");
  Bytes piece(kArtifactChunkBytes);
  while (in.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size())),
         in.gcount() > 0) {
    RETURN_IF_ERROR(take(ByteView(piece).first(static_cast<size_t>(in.gcount()))));
  }
  if (in.bad()) return InvalidArgument(path + ": cannot be read");
  return OkStatus();
}

}  // namespace

StatusOr<std::vector<prv1::DocumentText>> ReadDocumentTexts(const Terminal& terminal,
                                                            const std::vector<std::string>& paths) {
  std::vector<prv1::DocumentText> texts;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const auto files, FilesOf(path));
    for (const std::string& file : files) {
      ASSIGN_OR_RETURN(std::string text, ReadInput(terminal, file, kDocumentBytesMax));
      prv1::DocumentText& one = texts.emplace_back();
      one.set_file_name(file == "-" ? "standard input" : file);
      one.set_text(std::move(text));
    }
  }
  return texts;
}

StatusOr<SourceFile> FindSourceFile(const std::string& document, const std::string& source) {
  SourceFile file;
  file.path = (fs::path(document).parent_path() / source).string();
  crypto::Sha256Stream digest;
  uint64_t size = 0;
  RETURN_IF_ERROR(ReadPieces(file.path, [&](ByteView piece) {
    digest.Update(piece);
    size += piece.size();
    return OkStatus();
  }));
  const auto sha256 = digest.Finish();
  file.artifact.set_sha256(ToString(ByteView(sha256)));
  file.artifact.set_size(size);
  file.artifact.set_file_name(fs::path(source).filename().string());
  return file;
}

Status UploadSourceFile(const Connection& connection, const SourceFile& file,
                        ProgressLine* progress) {
  const auto stub = prv1::ProfileService::NewStub(connection.channel());
  const auto context = connection.NewContext(kCliStreamTimeout);
  prv1::UploadArtifactResponse response;
  const auto writer = stub->UploadArtifact(context.get(), &response);
  prv1::UploadArtifactRequest request;
  *request.mutable_artifact() = file.artifact;
  bool open = writer->Write(request);
  uint64_t sent = 0;
  const Status read = ReadPieces(file.path, [&](ByteView piece) {
    request.set_chunk(ToString(piece));
    open = open && writer->Write(request);
    sent += piece.size();
    progress->Show(fmt::format("{}: {} of {} bytes", file.path, sent, file.artifact.size()));
    return open ? OkStatus() : Cancelled("the server ended the upload");
  });
  // A file that cannot be read on must not look whole.
  if (!read.ok() && open) context->TryCancel();
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok() && (read.ok() || !open)) return connection.Explain(status);
  return read;
}

}  // namespace preseal::server::cli
