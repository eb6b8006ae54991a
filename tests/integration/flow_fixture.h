// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/crypto/encoding.h"
#include "common/files/files.h"
#include "tests/support/flow_api.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal::test {

using lifecycle::v1::DEVICE_STATE_ENROLLED;
using lifecycle::v1::DEVICE_STATE_FAILED;
using lifecycle::v1::DEVICE_STATE_IN_SERVICE;
using lifecycle::v1::DEVICE_STATE_PROVISIONING;
using lifecycle::v1::DEVICE_STATE_READY_TO_SEAL;
using lifecycle::v1::DEVICE_STATE_SEALED;

// A floor and what both flows are directed by.
class FlowScenario : public testing::Test {
 protected:
  static constexpr size_t kTextMax = 1 << 22;

  void Open(const FloorOptions& options) {
    ASSERT_OK_AND_ASSIGN(floor_, TestFloor::Open(options));
    ASSERT_NO_FATAL_FAILURE(Connect());
  }
  void Connect() {
    ASSERT_OK_AND_ASSIGN(const Bytes ca,
                         files::Read(floor_->state_dir() + "/ca/server-ca.pem", kTextMax));
    flow_.emplace(floor_->api_port(), ToString(ByteView(ca)), floor_->api().bearer());
  }
  FlowApi& flow() { return *flow_; }

  void Enrol(int slot) {
    ASSERT_OK(floor_->StartAgent(slot));
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(slot, DEVICE_STATE_ENROLLED));
  }
  void StartRun(int slot) {
    ASSERT_NO_FATAL_FAILURE(Enrol(slot));
    ASSERT_OK(floor_->api().Start(floor_->name(slot)));
  }
  void Reseal(int slot) {
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(slot, DEVICE_STATE_READY_TO_SEAL));
    ASSERT_OK(floor_->api().Reseal(floor_->name(slot)));
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(slot, DEVICE_STATE_SEALED));
    ASSERT_OK(floor_->WaitForEnd(slot, 0));
  }
  void SealDevice(int slot) {
    ASSERT_NO_FATAL_FAILURE(StartRun(slot));
    ASSERT_NO_FATAL_FAILURE(Reseal(slot));
  }

  static std::string Answers(const std::string& user, const std::string& code) {
    return "{language: en-GB, keyboard: gb, licence: accept, username: " + user +
           ", code: " + code + "}\n";
  }
  std::string TargetPath(const std::string& path, int slot = 1) const {
    return floor_->home(slot) + "/target/" + path;
  }
  bool InTarget(const std::string& path, int slot = 1) const {
    return std::filesystem::exists(TargetPath(path, slot));
  }
  static std::string TextOf(const std::string& path) {
    const auto content = files::Read(path, kTextMax);
    return content.ok() ? ToString(ByteView(*content)) : "";
  }
  std::string TargetText(const std::string& path, int slot = 1) const {
    return TextOf(TargetPath(path, slot));
  }
  std::string LogOf(int slot, const std::string& file = "agent.log") const {
    return TextOf(floor_->home(slot) + "/" + file);
  }
  void Touch(const std::string& path, int slot = 1) {
    ASSERT_OK(files::WriteAtomic(TargetPath(path, slot), {}, 0644));
  }
  static const progress::v1::Item* ItemOf(const fleet::v1::Device& device, const std::string& id) {
    for (const auto& item : device.items()) {
      if (item.item_id() == id) return &item;
    }
    return nullptr;
  }
  // The middle part of a compact JWS.
  static std::string PayloadOf(const std::string& jws) {
    const size_t begin = jws.find('.') + 1;
    const auto bytes = crypto::Base64UrlDecode(jws.substr(begin, jws.find('.', begin) - begin));
    return bytes.ok() ? ToString(ByteView(*bytes)) : "";
  }

  std::unique_ptr<TestFloor> floor_;
  std::optional<FlowApi> flow_;
  fleet::v1::Device device_;
};

}  // namespace preseal::test
