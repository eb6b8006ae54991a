// SPDX-License-Identifier: Apache-2.0
// How many TPM commands enrolment costs, counted on the wire. Each is milliseconds on a software
// TPM and up to hundreds of them on a real chip.
//
// Once per process, when the TPM is opened, two more learn what the chip holds, instead of probing
// NV index after NV index: GetCapability(NV handles), GetCapability(PCR banks).
// More than listed here only:
//   one per further page of GetCapability, if the chip pages;
//   one NV_Read per further TPM_PT_NV_BUFFER_MAX bytes of a certificate;
//   NV_ReadPublic and NV_Read for each index of the chain;
//   if the EK is not persistent: its CreatePrimary and FlushContext, and the list of handles where
//   there is a choice;
//   PCR_Reads if there is no event log, or the server could not replay it;
//   ReadPublic if another's key sits at the device key's handle;
//   what the TPM answers with TPM_RC_RETRY, which is sent again: TPMs that follow the reference
//   code do that once after each start, at the first use of a password that counts against lockout,
//   which the EK's does.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "agent/adapters/grpc/enrollment_fixture.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/binding.h"
#include "tests/support/child_process.h"
#include "tests/support/tpm_wiretap.h"

namespace preseal::agent {
namespace {

using Names = std::vector<std::string>;
constexpr uint32_t kRetry = 0x922;

class EnrollCommandsTest : public EnrollTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(EnrollTest::SetUp());
    ASSERT_NO_FATAL_FAILURE(Manufacture());
  }
  // A chip with one certified EK: the other's certificate and persistent key are taken away.
  void KeepOnly(const std::string& nv_to_remove, const std::string& handle_to_remove) {
    const std::string log = dir_.File("tools.log");
    ASSERT_OK(test::RunTool(
        {"tpm2_evictcontrol", "-C", "o", "-c", handle_to_remove, "-T", swtpm_->tcti()}, log));
    ASSERT_OK(
        test::RunTool({"tpm2_nvundefine", "-C", "p", nv_to_remove, "-T", swtpm_->tcti()}, log));
  }
  void Tap() {
    ASSERT_OK_AND_ASSIGN(tap_, test::TpmWiretap::Start(*swtpm_, dir_.File("t")));
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = tap_->tcti()}));
    EXPECT_EQ(tap_->names(), (Names{"GetCapability", "GetCapability"}));
    tap_->Forget();
  }
  Names Enrolled() {
    const auto outcome = Run();
    EXPECT_THAT(outcome, test::IsOk());
    EXPECT_TRUE(outcome.ok() && std::holds_alternative<DeviceIdentity>(*outcome));
    Names names;
    for (const test::TpmExchange& exchange : tap_->exchanges()) {
      if (exchange.response_code == kRetry) {
        ++retries_;
        continue;
      }
      names.push_back(test::CommandName(exchange.command_code));
      std::cout << names.size() << " " << names.back() << "\n";
    }
    return names;
  }

  std::unique_ptr<test::TpmWiretap> tap_;
  int retries_ = 0;
};

TEST_F(EnrollCommandsTest, FourteenWithAnEkThatWantsAPolicy) {
  ASSERT_NO_FATAL_FAILURE(KeepOnly("0x01C00016", "0x81010016"));
  ASSERT_NO_FATAL_FAILURE(Tap());
  EXPECT_EQ(Enrolled(),
            (Names{"GetCapability", "ReadPublic", "NV_ReadPublic", "NV_Read", "CreatePrimary",
                   "CreatePrimary", "Certify", "Quote", "StartAuthSession", "PolicySecret",
                   "ActivateCredential", "FlushContext", "EvictControl", "FlushContext"}));
  EXPECT_EQ(server_->evidence().ek_nv_index(), 0x01C00002u);
  EXPECT_EQ(retries_, 0);
}

TEST_F(EnrollCommandsTest, TwelveWithAnEkThatTakesAPassword) {
  ASSERT_NO_FATAL_FAILURE(KeepOnly("0x01C00002", "0x81010001"));
  ASSERT_NO_FATAL_FAILURE(Tap());
  EXPECT_EQ(Enrolled(),
            (Names{"GetCapability", "ReadPublic", "NV_ReadPublic", "NV_Read", "CreatePrimary",
                   "CreatePrimary", "Certify", "Quote", "ActivateCredential", "FlushContext",
                   "EvictControl", "FlushContext"}));
  EXPECT_EQ(server_->evidence().ek_nv_index(), 0x01C00016u);
  EXPECT_LE(retries_, 1);
}

TEST_F(EnrollCommandsTest, TwoCertificatesCostNothingMore) {
  ASSERT_NO_FATAL_FAILURE(Tap());
  EXPECT_EQ(Enrolled().size(), 12u);
}

TEST_F(EnrollCommandsTest, SealQuoteIsThree) {
  ASSERT_NO_FATAL_FAILURE(Tap());
  ASSERT_OK(Run());
  tap_->Forget();
  const std::vector<PcrMask> pcrs = {{0x000B, {0xFF, 0x43, 0x00}}};
  ASSERT_OK(TakeSealQuote(*tpm_, *store_, Bytes(32, 0x42), pcrs));
  EXPECT_EQ(tap_->names(), (Names{"CreatePrimary", "Quote", "FlushContext"}));
}

TEST_F(EnrollCommandsTest, RenewalIsSixAndSaysWhatEnrolmentSaid) {
  ASSERT_NO_FATAL_FAILURE(Tap());
  ASSERT_OK_AND_ASSIGN(const auto outcome, Run());
  const uint32_t handle = std::get<DeviceIdentity>(outcome).device_key_handle;
  tap_->Forget();
  const tpmwire::Sha256Digest binding = tpmwire::Sha256({Bytes(32, 0x42)});
  const std::vector<PcrMask> pcrs = {{0x000B, {0xFF, 0x43, 0x00}}};
  ASSERT_OK_AND_ASSIGN(const auto renewed, AttestDeviceKey(*tpm_, *store_, handle, binding, pcrs));
  EXPECT_EQ(tap_->names(), (Names{"ReadPublic", "ReadPublic", "CreatePrimary", "Certify", "Quote",
                                  "FlushContext"}));
  EXPECT_EQ(ToString(renewed.ak_public), server_->evidence().ak_public());
  EXPECT_EQ(ToString(renewed.device_key_public), server_->evidence().device_key_public());
  ASSERT_OK_AND_ASSIGN(const auto certify, tpmwire::ParseAttest(renewed.certify.attest));
  ASSERT_OK_AND_ASSIGN(const auto quote, tpmwire::ParseAttest(renewed.quote.attest));
  EXPECT_TRUE(std::ranges::equal(certify.extra_data, tpmwire::CertifyQualifyingData(binding)));
  EXPECT_TRUE(std::ranges::equal(quote.extra_data, tpmwire::QuoteQualifyingData(binding)));
}

TEST_F(EnrollCommandsTest, SignatureOfAConnectionIsOne) {
  ASSERT_NO_FATAL_FAILURE(Tap());
  ASSERT_OK_AND_ASSIGN(const auto outcome, Run());
  const auto& identity = std::get<DeviceIdentity>(outcome);
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->LoadDeviceKey(identity.device_key_handle));
  for (int connection = 0; connection < 3; ++connection) {
    tap_->Forget();
    ASSERT_OK(tpm_->Sign(*key, Bytes(32, 1)));
    EXPECT_EQ(tap_->names(), Names{"Sign"});
  }
}

}  // namespace
}  // namespace preseal::agent
