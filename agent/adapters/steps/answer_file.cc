// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "agent/adapters/steps/executor.h"
#include "agent/domain/plan_check.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

class FileAnswerWriter final : public AnswerWriter {
 public:
  explicit FileAnswerWriter(TargetRoot& target) : target_(target) {}

  Status WriteAnswer(const std::string& path, std::string_view text) override {
    RETURN_IF_ERROR(CheckTargetPath(path));
    if (text.size() > kPromptAnswerBytesMax) {
      return InvalidArgument(fmt::format("answer over {} bytes", kPromptAnswerBytesMax));
    }
    return target_.WriteBytes(path, 0644, AsBytes(std::string(text) + "\n"));
  }

 private:
  TargetRoot& target_;
};

}  // namespace

std::unique_ptr<AnswerWriter> MakeAnswerWriter(TargetRoot& target) {
  return std::make_unique<FileAnswerWriter>(target);
}

}  // namespace preseal::agent::steps
