// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

#include "agent/service/person/person_input.h"

namespace preseal::agent {

// Between the keyboard, which lives as long as the process, and whoever listens at the moment.
// Without a listener what is typed is dropped. Thread-safe.
class PersonRelay final : public PersonInput {
 public:
  // Connected while this lives.
  class Connection {
   public:
    Connection(PersonRelay& relay, PersonInput& listener) : relay_(relay) { relay_.Set(&listener); }
    ~Connection() { relay_.Set(nullptr); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

   private:
    PersonRelay& relay_;
  };

  void Pressed(DeviceAction action) override {
    const std::lock_guard lock(mutex_);
    if (listener_ != nullptr) listener_->Pressed(action);
  }
  void Answered(const std::string& question_id, const std::string& answer) override {
    const std::lock_guard lock(mutex_);
    if (listener_ != nullptr) listener_->Answered(question_id, answer);
  }

 private:
  void Set(PersonInput* listener) {
    const std::lock_guard lock(mutex_);
    listener_ = listener;
  }

  std::mutex mutex_;
  PersonInput* listener_ = nullptr;
};

}  // namespace preseal::agent
