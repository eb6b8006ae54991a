// SPDX-License-Identifier: Apache-2.0
// A device that can enrol: real swtpm, gRPC with mTLS, files on disk.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/adapters/dmi/dmi_machine.h"
#include "agent/adapters/grpc/enrollment_client.h"
#include "agent/adapters/grpc/enrollment_test_server.h"
#include "agent/adapters/identity/identity_files.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/service/enrollment/enroll.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent {

class Activities final : public StatusDisplay {
 public:
  void ShowActivity(std::string_view text) override { texts.emplace_back(text); }
  void ShowConnection(bool, std::string_view) override {}
  void ShowLanding(const LandingCard&) override {}
  void ShowItems(std::span<const Item>, std::chrono::seconds) override {}
  void ShowLog(std::string_view, std::string_view) override {}
  void ShowResult(const ResultCard&) override {}
  std::vector<std::string> texts;
};

class EnrollTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = swtpm_->tcti()}));
    ASSERT_OK_AND_ASSIGN(store_, IdentityFiles::Open(dir_.File("state")));
    ASSERT_OK_AND_ASSIGN(pki_, test::TestPki::Create());
    ASSERT_OK_AND_ASSIGN(const auto station, pki_->IssueStation("bench-1"));
    Write("ca.pem", pki_->ca().pem());
    Write("station.pem", station.pem());
    Write("station.key", station.key_pem());
    Write("dmi/product_serial", "SN-0042\n");
    Write("dmi/sys_vendor", "Example Works\n");
    Write("log", "a boot log");
    ASSERT_OK_AND_ASSIGN(server_, EnrollmentTestServer::Start(*pki_));
    options_ = {.endpoint = server_->endpoint(),
                .server_ca_file = dir_.File("ca.pem"),
                .station_cert_file = dir_.File("station.pem"),
                .station_key_file = dir_.File("station.key")};
  }
  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((dir_.path() / name).parent_path());
    ASSERT_OK(files::WriteAtomic(dir_.File(name), AsBytes(text), 0600));
  }
  StatusOr<EnrollmentOutcome> Run() {
    EnrollmentClient client(options_);
    DmiMachine machine({dir_.File("dmi"), dir_.File("net"), dir_.File("log")});
    return Enroll({*tpm_, client, *store_, machine, display_}, {"0.1.0", "A-3"}, memory_);
  }
  // A TPM with EK certificates instead of the blank one.
  void Manufacture() {
    swtpm_.reset();
    std::filesystem::create_directory(dir_.path() / "ekca");
    ASSERT_OK_AND_ASSIGN(const auto ca, test::EkAuthority::Create(dir_.File("ekca"), "EK CA"));
    ASSERT_OK(test::ManufactureTpm(dir_.File("tpm"), ca));
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = swtpm_->tcti()}));
  }
  void ExpectNothingStored() {
    EXPECT_THAT(store_->Load(), test::IsOkAndHolds(std::optional<DeviceIdentity>()));
  }

  test::TempDir dir_;
  std::unique_ptr<test::Swtpm> swtpm_;
  std::unique_ptr<Tpm> tpm_;
  std::unique_ptr<IdentityFiles> store_;
  std::unique_ptr<test::TestPki> pki_;
  std::unique_ptr<EnrollmentTestServer> server_;
  EnrollmentClientOptions options_;
  Activities display_;
  EnrollmentMemory memory_;
};

}  // namespace preseal::agent
