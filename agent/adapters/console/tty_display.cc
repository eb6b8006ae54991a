// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/tty_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <utility>

#include "agent/adapters/console/console.h"
#include "agent/adapters/console/frame.h"
#include "agent/adapters/console/keyboard.h"
#include "agent/adapters/console/plain_display.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

// Alternate screen, no cursor, no automatic wrap; and the way back.
constexpr char kEnter[] = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr char kLeave[] = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

// The descriptor of the display that holds the terminal, -1 if none: all that a signal handler may
// look at.
std::atomic<int> held_terminal{-1};

// A terminal that is gone is no reason to stop: the run matters, not its picture.
void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::pair<size_t, size_t> SizeOf(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {80, 24};
  return {size.ws_col, size.ws_row};
}

// Since when each item waits for what it waits for now.
std::map<std::string, std::chrono::seconds> WaitsBegun(const ScreenModel& before,
                                                       std::span<const Item> items,
                                                       std::chrono::seconds elapsed) {
  std::map<std::string, std::chrono::seconds> begun;
  for (const Item& item : items) {
    if (!item.wait) continue;
    auto since = elapsed;
    for (const Item& old : before.items) {
      const bool same =
          old.item_id == item.item_id && old.wait && old.wait->kind == item.wait->kind;
      const auto known = before.waiting_since.find(item.item_id);
      if (same && known != before.waiting_since.end()) since = known->second;
    }
    begun[item.item_id] = since;
  }
  return begun;
}

}  // namespace

void RestoreTerminal() {
  const int saved_errno = errno;
  const int fd = held_terminal.exchange(-1);
  if (fd >= 0) {
    [[maybe_unused]] const ssize_t written = write(fd, kLeave, sizeof(kLeave) - 1);
  }
  RestoreKeyboard();
  errno = saved_errno;
}

TtyDisplay::TtyDisplay(int fd, const FrameStyle& style)
    : fd_(fd), style_(style), elapsed_at_(std::chrono::steady_clock::now()) {
  held_terminal = fd_;
  WriteAll(fd_, kEnter);
  thread_ = std::thread([this] { DrawUntilStopped(); });
}

TtyDisplay::~TtyDisplay() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  RestoreTerminal();
  if (model_.result) {
    PlainDisplay plain([this](const std::string& line) { WriteAll(fd_, line); });
    plain.ShowResult(*model_.result);
  }
}

template <typename Change>
void TtyDisplay::Update(Change change) {
  {
    const std::lock_guard lock(mutex_);
    change(model_);
    dirty_ = true;
  }
  changed_.notify_all();
}

void TtyDisplay::ShowActivity(std::string_view text) {
  Update([text](ScreenModel& model) { model.activity = text; });
}

void TtyDisplay::ShowConnection(bool connected, std::string_view detail) {
  Update([connected, detail](ScreenModel& model) {
    model.connected = connected;
    model.connection_detail = detail;
  });
}

void TtyDisplay::ShowLanding(const LandingCard& card) {
  Update([this, &card](ScreenModel& model) {
    model.landing = card;
    editor_.SetActions(card.actions);
  });
}

void TtyDisplay::ShowItems(std::span<const Item> items, std::chrono::seconds elapsed) {
  Update([this, items, elapsed](ScreenModel& model) {
    model.waiting_since = WaitsBegun(model, items, elapsed);
    model.items.assign(items.begin(), items.end());
    model.elapsed = elapsed;
    elapsed_at_ = std::chrono::steady_clock::now();
    // Items move again: a retry took the failed card's place.
    for (const Item& item : items) {
      if (item.state == ItemState::kIdentifying || item.state == ItemState::kInProgress) {
        model.result.reset();
      }
    }
  });
}

void TtyDisplay::ShowLog(std::string_view item_id, std::string_view line) {
  Update([item_id, line](ScreenModel& model) {
    model.log.push_back(item_id.empty() ? std::string(line)
                                        : std::string(item_id) + ": " + std::string(line));
    if (model.log.size() > kScreenLogLinesMax) model.log.pop_front();
  });
}

void TtyDisplay::ShowResult(const ResultCard& card) {
  Update([&card](ScreenModel& model) { model.result = card; });
}

void TtyDisplay::ShowQuestion(const std::optional<Question>& question) {
  Update([this, &question](ScreenModel& model) {
    model.question = question;
    editor_.SetQuestion(question);
    model.typed = editor_.Shown();
  });
}

void TtyDisplay::ShowNotice(std::string_view text) {
  Update([this, text](ScreenModel& model) {
    model.notice = text;
    notice_at_ = std::chrono::steady_clock::now();
  });
}

std::vector<InputEvent> TtyDisplay::Typed(std::string_view bytes) {
  std::vector<InputEvent> events;
  Update([this, bytes, &events](ScreenModel& model) {
    for (const char byte : bytes) {
      if (auto event = editor_.Key(byte)) events.push_back(*std::move(event));
    }
    model.typed = editor_.Shown();
  });
  return events;
}

void TtyDisplay::DrawUntilStopped() {
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    last = stop_;
    dirty_ = false;
    ScreenModel model = model_;
    if (std::chrono::steady_clock::now() - notice_at_ > kScreenNoticeLife) model.notice.clear();
    // The clock on the screen goes on between two reports of the same run.
    if (!model.items.empty() && !model.result) {
      model.elapsed += std::chrono::duration_cast<std::chrono::seconds>(
          std::chrono::steady_clock::now() - elapsed_at_);
    }
    lock.unlock();
    Draw(model);
    lock.lock();
    changed_.wait_for(lock, kScreenRedrawInterval, [this] { return stop_; });
    changed_.wait_for(lock, std::chrono::seconds(1), [this] { return dirty_ || stop_; });
  }
}

void TtyDisplay::Draw(const ScreenModel& model) {
  if (held_terminal != fd_) return;
  const auto [width, height] = SizeOf(fd_);
  std::vector<std::string> lines = Frame(model, width, height, style_);
  // Lines below a tiny terminal's last row would pile up on it: they are not sent.
  lines.resize(std::min(lines.size(), height));
  std::string out;
  if (const std::pair size(width, height); size != drawn_size_) {
    drawn_size_ = size;
    drawn_.assign(lines.size(), "");
    out += "\x1b[2J";
  }
  for (size_t row = 0; row < lines.size(); ++row) {
    if (lines[row] == drawn_[row]) continue;
    // Erased before, not after: a full line leaves the cursor on its last character.
    out += "\x1b[" + std::to_string(row + 1) + ";1H\x1b[2K" + lines[row];
  }
  drawn_ = std::move(lines);
  WriteAll(fd_, out);
}

}  // namespace preseal::agent
