// SPDX-License-Identifier: Apache-2.0
// Third-party samples that lie beside the repository (../shared/testdata, described by its
// index.json), not in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/base/bytes.h"

namespace preseal::test {

// $PRESEAL_SHARED/testdata, else testdata in the `shared` folder next to the source tree. Empty if
// there is none.
inline std::filesystem::path TestdataDir() {
  const char* shared = std::getenv("PRESEAL_SHARED");
  const auto dir = shared != nullptr
                       ? std::filesystem::path(shared) / "testdata"
                       : std::filesystem::path(PRESEAL_SOURCE_DIR) / "../shared/testdata";
  std::error_code ignored;
  return std::filesystem::is_regular_file(dir / "index.json", ignored) ? dir
                                                                       : std::filesystem::path();
}

// The whole file; empty if it cannot be read.
inline Bytes ReadTestdata(const std::string& name) {
  std::ifstream in(TestdataDir() / name, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace preseal::test

// First line of a test that needs the samples.
#define PRESEAL_SKIP_WITHOUT_TESTDATA()                                                         \
  if (::preseal::test::TestdataDir().empty()) {                                                 \
    GTEST_SKIP() << "NOT TESTED: no shared/testdata beside the repository, nor PRESEAL_SHARED"; \
  }
