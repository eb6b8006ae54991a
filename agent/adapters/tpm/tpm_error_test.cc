// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/tpm_error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "agent/adapters/tpm/endorsement.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

TEST(TpmErrorTest, CodesOfTheFloorCallForTheirAction) {
  const struct {
    uint32_t rc;
    StatusCode status;
    const char* text;
  } cases[] = {
      {0x1DF, StatusCode::kInvalidArgument, "another TPM"},
      {0x18B, StatusCode::kNotFound, "no such object"},
      {0x902, StatusCode::kResourceExhausted, "tpm2_flushcontext -t"},
      {0x921, StatusCode::kFailedPrecondition, "lockout"},
      {0x9A2, StatusCode::kFailedPrecondition, "password"},
      {0x3C3, StatusCode::kUnimplemented, "PCR bank"},
      {0x1D5, StatusCode::kInvalidArgument, "too long"},
      {0x3E0, StatusCode::kInvalidArgument, "ticket"},
      {0x922, StatusCode::kUnavailable, "busy"},
      {0x101, StatusCode::kDataLoss, "failure mode"},
      {0x01E, StatusCode::kUnimplemented, "1.2"},
      {0x14C, StatusCode::kAlreadyExists, "taken"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(TpmStatus(c.rc, "verb"), StatusIs(c.status, c.text)) << std::hex << c.rc;
    // The same code through the kernel's resource manager.
    EXPECT_THAT(TpmStatus(c.rc | 0xC0000, "verb"), StatusIs(c.status, c.text)) << std::hex << c.rc;
  }
}

TEST(TpmErrorTest, UnknownCodeIsInternalAndPrinted) {
  EXPECT_THAT(TpmStatus(0x70004, "verb"), StatusIs(StatusCode::kInternal, "0x70004"));
}

TEST(TpmErrorTest, DeviceThatDoesNotOpenIsNamedByItsCause) {
  const struct {
    int error;
    const char* text;
  } cases[] = {
      {ENOENT, "enable it in the firmware setup"},
      {EACCES, "group tss"},
      {EBUSY, "use /dev/tpmrm0"},
      {EIO, "kernel's log"},
      {0, "its address is right"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(OpenFailed("device:/dev/tpm0", c.error),
                StatusIs(StatusCode::kUnavailable, c.text));
  }
}

TEST(TpmErrorTest, ZeroIsSuccess) { EXPECT_OK(TpmStatus(0, "verb")); }

TEST(TpmErrorTest, TransportErrorsAndEsysStuckAfterThemLoseTheConnection) {
  EXPECT_TRUE(IsConnectionLost(0xA000A));  // TCTI, I/O error
  EXPECT_TRUE(IsConnectionLost(0x70007));  // ESYS, called in the wrong order
  EXPECT_FALSE(IsConnectionLost(0x902));
}

TEST(TpmErrorTest, ReferenceToAnUnloadedObjectIsNotAMissingPersistentHandle) {
  EXPECT_TRUE(IsObjectGone(0x910));
  EXPECT_FALSE(IsObjectGone(0x18B));
  EXPECT_TRUE(IsNoSuchHandle(0x18B));
  EXPECT_FALSE(IsNoSuchHandle(0x910));
}

class SplitDerTest : public testing::Test {
 protected:
  static Bytes Certificate(uint8_t fill, size_t content) {
    Bytes der = {0x30, 0x82, static_cast<uint8_t>(content >> 8), static_cast<uint8_t>(content)};
    der.insert(der.end(), content, fill);
    return der;
  }
  static Bytes Joined(const Bytes& a, const Bytes& b) {
    Bytes out = a;
    out.insert(out.end(), b.begin(), b.end());
    return out;
  }
  const Bytes first_ = Certificate(1, 300);
  const Bytes second_ = Certificate(2, 500);
};

TEST_F(SplitDerTest, CutsCertificatesAndDropsPadding) {
  const Bytes content = Joined(Joined(first_, second_), Bytes(64, 0xFF));
  EXPECT_EQ(SplitDer(content), (std::vector<Bytes>{first_, second_}));
}

TEST_F(SplitDerTest, CertificateCutShortIsDroppedAtEveryLength) {
  for (size_t size = 0; size < second_.size(); ++size) {
    const Bytes cut(second_.begin(), second_.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(SplitDer(Joined(first_, cut)), std::vector<Bytes>{first_});
  }
}

}  // namespace
}  // namespace preseal::agent
