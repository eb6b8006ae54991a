// SPDX-License-Identifier: Apache-2.0
#include "server/cli/lint_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/base/limits.h"

namespace preseal::server::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

class Walk {
 public:
  std::vector<LintFile> Run(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      std::error_code error;
      const fs::file_status status = fs::status(path, error);
      if (fs::is_directory(status)) {
        Folder(path);
      } else if (!fs::exists(status)) {
        Add({path, true, error ? error.message() : "No such file or directory"});
      } else {
        Add({path, true, fs::is_regular_file(status) ? "" : "neither file nor folder"});
      }
    }
    return std::move(files_);
  }

 private:
  void Add(LintFile file) {
    if (files_.size() > kLintFilesMax) return;
    if (files_.size() == kLintFilesMax) {
      file.error = fmt::format("and all after it: more than {} files", kLintFilesMax);
    }
    files_.push_back(std::move(file));
  }

  void Folder(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      entries.push_back(*at);
    }
    if (error) Add({folder.string(), false, error.message()});
    std::sort(entries.begin(), entries.end());
    for (const fs::directory_entry& entry : entries) {
      if (files_.size() > kLintFilesMax) return;
      if (entry.path().filename().string().starts_with('.')) continue;
      std::error_code ignored;
      const fs::file_status status = entry.symlink_status(ignored);
      if (fs::is_directory(status)) {
        Folder(entry.path());  // as deep as paths can be long
      } else if (fs::is_regular_file(status)) {
        Add({entry.path().string(), false, ""});
      }
    }
  }

  std::vector<LintFile> files_;
};

}  // namespace

std::vector<LintFile> FindLintFiles(const std::vector<std::string>& paths) {
  return Walk().Run(paths);
}

StatusOr<Bytes> ReadLintFile(const std::string& path) {
  std::error_code error;
  // A pipe or a device might never end.
  if (!fs::is_regular_file(path, error)) {
    return InvalidArgument(error ? error.message() : "not a regular file");
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return InvalidArgument(errno != 0 ? std::strerror(errno) : "cannot be opened");
  Bytes bytes(kLintFileBytesMax + 1);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (in.bad()) return InvalidArgument("cannot be read");
  bytes.resize(static_cast<size_t>(in.gcount()));
  bytes.shrink_to_fit();
  return bytes;
}

std::vector<crypto::Certificate> ReadAuthorities(ByteView bytes, size_t* wrong) {
  std::vector<crypto::Certificate> authorities;
  const auto take = [&](StatusOr<crypto::Certificate> certificate) {
    if (!certificate.ok()) return false;
    if (certificate->is_ca()) authorities.push_back(std::move(*certificate));
    return true;
  };
  if (take(crypto::Certificate::FromDer(bytes))) return authorities;
  std::string_view text = AsText(bytes);
  for (size_t begin; (begin = text.find(kBegin)) != std::string_view::npos;) {
    text.remove_prefix(begin);
    const size_t end = text.find(kEnd);
    const size_t size = end == std::string_view::npos ? text.size() : end + kEnd.size();
    if (!take(crypto::Certificate::FromPem(text.substr(0, size)))) ++*wrong;
    text.remove_prefix(size);
  }
  return authorities;
}

StatusOr<WallTime> ParseLintTime(std::string_view text) {
  namespace chr = std::chrono;
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  constexpr size_t kDateBytes = 10;
  const auto wrong = [&] {
    return InvalidArgument(fmt::format("time {}: say 2026-01-31 or 2026-01-31T10:00:00Z",
                                       EscapeForLog(text, kNameBytesMax)));
  };
  if (text.size() != kDateBytes && text.size() != kShape.size()) return wrong();
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return wrong();
  }
  const auto number = [&](size_t at, size_t size) {
    int value = 0;
    for (size_t i = at; i < at + size && i < text.size(); ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  const chr::year_month_day day{chr::year(number(0, 4)),
                                chr::month(static_cast<unsigned>(number(5, 2))),
                                chr::day(static_cast<unsigned>(number(8, 2)))};
  const int year_max = 2261;  // nanoseconds since 1970 fit 64 bits until 2262
  if (!day.ok() || number(0, 4) > year_max || number(0, 4) < 1970 || number(11, 2) > 23 ||
      number(14, 2) > 59 || number(17, 2) > 59) {
    return wrong();
  }
  return WallTime(chr::sys_days(day)) + chr::hours(number(11, 2)) + chr::minutes(number(14, 2)) +
         chr::seconds(number(17, 2));
}

}  // namespace preseal::server::cli
