// SPDX-License-Identifier: Apache-2.0
#include "agent/service/enrollment/enroll_progress.h"

#include <fmt/format.h>

#include <utility>

namespace preseal::agent {

EnrollProgress::EnrollProgress(StatusDisplay& display, std::string text,
                               std::chrono::milliseconds interval)
    : display_(display), text_(std::move(text)), interval_(interval) {
  display_.ShowActivity(text_);
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

EnrollProgress::~EnrollProgress() = default;

void EnrollProgress::Run(const std::stop_token& stop) {
  const auto begun = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, stop, interval_, [&stop] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) return;
    const auto gone =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
    display_.ShowActivity(fmt::format("{} ({} s)", text_, gone.count()));
  }
}

}  // namespace preseal::agent
