// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/support/samba_dc.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::test {

// A suite with one domain controller for all its cases, which are skipped, loudly, where there can
// be none. A derived SetUp calls this one and returns if the case IsSkipped.
template <typename Base>
class SambaDcSuite : public Base {
 protected:
  static void SetUpTestSuite() {
    dir_.emplace();
    auto made = SambaDc::Make(dir_->path().string());
    status_ = made.status();
    if (made.ok()) dc_ = *std::move(made);
  }
  static void TearDownTestSuite() {
    dc_.reset();
    dir_.reset();
  }
  void SetUp() override {
    if (status_.code() == StatusCode::kFailedPrecondition) {
      GTEST_SKIP() << "no domain controller here: " << MessageOf(status_);
    }
    ASSERT_OK(status_);
  }

  inline static std::optional<TempDir> dir_;
  inline static std::unique_ptr<SambaDc> dc_;
  inline static Status status_;
};

}  // namespace preseal::test
