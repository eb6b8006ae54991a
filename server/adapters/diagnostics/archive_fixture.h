// SPDX-License-Identifier: Apache-2.0
// Makes archives as a device, or somebody who poses as one, would.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/bytes.h"

namespace preseal::server {

struct MadeEntry {
  std::string path;
  std::string content;
  std::string link;  // not empty: a symbolic link to it
};

// tar.zst of `entries`.
inline Bytes MakeArchive(const std::vector<MadeEntry>& entries) {
  archive* out = archive_write_new();
  EXPECT_EQ(archive_write_add_filter_zstd(out), ARCHIVE_OK);
  EXPECT_EQ(archive_write_set_format_pax_restricted(out), ARCHIVE_OK);
  Bytes buffer(4 * 1024 * 1024);
  size_t used = 0;
  EXPECT_EQ(archive_write_open_memory(out, buffer.data(), buffer.size(), &used), ARCHIVE_OK);
  for (const MadeEntry& made : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, made.path.c_str());
    archive_entry_set_filetype(entry, made.link.empty() ? AE_IFREG : AE_IFLNK);
    if (!made.link.empty()) archive_entry_set_symlink(entry, made.link.c_str());
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_size(entry, static_cast<la_int64_t>(made.content.size()));
    EXPECT_EQ(archive_write_header(out, entry), ARCHIVE_OK);
    archive_write_data(out, made.content.data(), made.content.size());
    archive_entry_free(entry);
  }
  EXPECT_EQ(archive_write_close(out), ARCHIVE_OK);
  archive_write_free(out);
  buffer.resize(used);
  return buffer;
}

}  // namespace preseal::server
