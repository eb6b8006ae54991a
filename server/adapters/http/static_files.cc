// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/static_files.h"

#include <zlib.h>

#include <utility>

namespace preseal::server::http {
namespace {

constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";
constexpr std::string_view kRevalidate = "no-cache";

struct TypeRow {
  std::string_view suffix;
  std::string_view content_type;
  bool text;  // worth compressing
};

constexpr TypeRow kTypes[] = {
    {".html", "text/html; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".json", "application/json", true},
    {".map", "application/json", true},
    {".svg", "image/svg+xml", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".webmanifest", "application/manifest+json", true},
    {".png", "image/png", false},
    {".ico", "image/x-icon", false},
    {".woff2", "font/woff2", false},
};
constexpr TypeRow kOtherType = {"", "application/octet-stream", false};

const TypeRow& TypeOf(std::string_view path) {
  for (const TypeRow& row : kTypes) {
    if (path.ends_with(row.suffix)) return row;
  }
  return kOtherType;
}

// Empty if zlib fails or the result is no smaller.
std::string Gzip(std::string_view plain) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;  // 16 asks for the gzip wrapper
  constexpr int kMemoryLevel = 9;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END || packed.size() >= plain.size()) return "";
  return packed;
}

// Whether the comma-separated list names `wanted`; parameters say no only as "q=0".
bool ListNames(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    const size_t start = item.find_first_not_of(" \t");
    if (start == std::string_view::npos) continue;
    item.remove_prefix(start);
    const std::string_view name = item.substr(0, item.find_first_of("; \t"));
    if (name != wanted) continue;
    const size_t weight = item.find("q=");
    return weight == std::string_view::npos ||
           item.find_first_of("123456789", weight) != std::string_view::npos;
  }
  return false;
}

}  // namespace

StaticFiles::StaticFiles(std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& file : files) {
    const TypeRow& type = TypeOf(file.path);
    Entry entry;
    entry.plain = file.content;
    if (type.text) entry.gzip = Gzip(file.content);
    entry.etag = '"' + std::string(file.sha256_hex) + '"';
    entry.content_type = type.content_type;
    entry.cache_control = file.path.starts_with("assets/") ? kImmutable : kRevalidate;
    entries_.emplace("/" + std::string(file.path), std::move(entry));
  }
}

const StaticFiles::Entry* StaticFiles::Find(const std::string& path) const {
  auto found = entries_.find(path);
  const bool page = path.find('.', path.rfind('/')) == std::string::npos;
  if (found == entries_.end() && page) found = entries_.find("/index.html");
  return found != entries_.end() ? &found->second : nullptr;
}

void StaticFiles::Handle(const Request& request, Responder& out) const {
  const Entry* entry = Find(request.path);
  if (entry == nullptr) {
    const bool empty = entries_.empty();
    return Respond(out, 404, {{"content-type", "text/plain; charset=utf-8"}},
                   empty ? "this build carries no dashboard\n" : "no such page\n");
  }
  const std::string* accepted = FindHeader(request.headers, "accept-encoding");
  const bool gzip = !entry->gzip.empty() && accepted != nullptr && ListNames(*accepted, "gzip");
  std::string etag = entry->etag;
  if (gzip) etag.insert(etag.size() - 1, "-gzip");
  Headers headers = {{"etag", etag},
                     {"cache-control", std::string(entry->cache_control)},
                     {"vary", "accept-encoding"}};
  const std::string* known = FindHeader(request.headers, "if-none-match");
  if (known != nullptr && ListNames(*known, etag)) {
    out.Head(304, std::move(headers));
    return out.End();
  }
  const std::string_view body = gzip ? std::string_view(entry->gzip) : entry->plain;
  headers.push_back({"content-type", std::string(entry->content_type)});
  headers.push_back({"content-length", std::to_string(body.size())});
  if (gzip) headers.push_back({"content-encoding", "gzip"});
  out.Head(200, std::move(headers));
  out.Data(Chunk::Permanent(body));
  out.End();
}

}  // namespace preseal::server::http
