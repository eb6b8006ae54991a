// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "agent/service/status_display.h"

namespace preseal::agent {

// Lets several threads share a display that wants one at a time.
class SerialDisplay final : public StatusDisplay {
 public:
  // `display` must outlive this.
  explicit SerialDisplay(StatusDisplay& display) : display_(display) {}

  void ShowActivity(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    display_.ShowActivity(text);
  }
  void ShowConnection(bool connected, std::string_view detail) override {
    const std::lock_guard lock(mutex_);
    display_.ShowConnection(connected, detail);
  }
  void ShowLanding(const LandingCard& card) override {
    const std::lock_guard lock(mutex_);
    display_.ShowLanding(card);
  }
  void ShowItems(std::span<const Item> items, std::chrono::seconds elapsed) override {
    const std::lock_guard lock(mutex_);
    display_.ShowItems(items, elapsed);
  }
  void ShowLog(std::string_view item_id, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    display_.ShowLog(item_id, line);
  }
  void ShowResult(const ResultCard& card) override {
    const std::lock_guard lock(mutex_);
    display_.ShowResult(card);
  }
  void ShowQuestion(const std::optional<Question>& question) override {
    const std::lock_guard lock(mutex_);
    std::optional<Question> stamped = question;
    if (stamped && stamped->language.empty()) stamped->language = language_;
    display_.ShowQuestion(stamped);
  }
  void ShowNotice(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    display_.ShowNotice(text);
  }

  // BCP 47; questions are asked in it from now on.
  void SetLanguage(const std::string& language) {
    const std::lock_guard lock(mutex_);
    language_ = language;
  }

 private:
  std::mutex mutex_;
  std::string language_;
  StatusDisplay& display_;
};

}  // namespace preseal::agent
