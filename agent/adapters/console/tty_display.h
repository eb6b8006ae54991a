// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/adapters/console/screen.h"
#include "agent/adapters/console/screen_model.h"
#include "agent/adapters/console/style.h"

namespace preseal::agent {

// The full-screen display. Calls only change the model; one thread draws it, at most once per
// kScreenRedrawInterval, always ending with the newest state. The size is asked for at each draw,
// and at least once a second, so a resized terminal is right again without a signal handler.
// Thread-safe.
class TtyDisplay final : public Screen {
 public:
  // Takes the alternate screen of the terminal behind `fd`, which must stay open.
  TtyDisplay(int fd, const FrameStyle& style);
  // Draws the last state, then restores the terminal and, so that the verdict outlives the screen,
  // leaves the result as plain text.
  ~TtyDisplay() override;
  TtyDisplay(const TtyDisplay&) = delete;
  TtyDisplay& operator=(const TtyDisplay&) = delete;

  void ShowActivity(std::string_view text) override;
  void ShowConnection(bool connected, std::string_view detail) override;
  void ShowLanding(const LandingCard& card) override;
  void ShowItems(std::span<const Item> items, std::chrono::seconds elapsed) override;
  void ShowLog(std::string_view item_id, std::string_view line) override;
  void ShowResult(const ResultCard& card) override;
  void ShowQuestion(const std::optional<Question>& question) override;
  void ShowNotice(std::string_view text) override;
  // From a terminal that gives every key at once.
  std::vector<InputEvent> Typed(std::string_view bytes) override;

 private:
  // Changes the model under the lock and wakes the drawing thread.
  template <typename Change>
  void Update(Change change);
  void DrawUntilStopped();
  void Draw(const ScreenModel& model);

  const int fd_;
  const FrameStyle style_;
  std::mutex mutex_;
  std::condition_variable changed_;
  ScreenModel model_;                                 // guarded by mutex_
  std::chrono::steady_clock::time_point elapsed_at_;  // when model_.elapsed was told; guarded
  std::chrono::steady_clock::time_point notice_at_;   // when model_.notice was told; guarded
  Editor editor_;                                     // guarded by mutex_
  bool dirty_ = true;                                 // guarded by mutex_
  bool stop_ = false;                                 // guarded by mutex_
  // What the terminal shows, so that only changed lines are sent (a serial console is slow). Only
  // the drawing thread uses them.
  std::vector<std::string> drawn_;
  std::pair<size_t, size_t> drawn_size_{0, 0};
  std::thread thread_;
};

}  // namespace preseal::agent
