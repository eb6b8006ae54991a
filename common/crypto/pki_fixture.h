// SPDX-License-Identifier: Apache-2.0
// A small certificate authority for tests. Times are fixed: nothing here looks at the clock.
#pragma once

#include <string>

#include "common/crypto/certificate.h"
#include "common/crypto/issue.h"
#include "common/crypto/key.h"
#include "tests/support/status_matchers.h"

namespace preseal::crypto::test {

inline constexpr auto kDay = std::chrono::hours(24);
// 2026-11-22T00:00:00Z
inline const WallTime kNow = FromMicros(1'795'305'600'000'000);

template <typename T>
T ValueOrDie(StatusOr<T> result) {
  EXPECT_TRUE(result.ok()) << preseal::ToString(result.status());
  return std::move(result).value();  // aborts the test binary on an error
}

inline Validity Days(int from, int to) { return {kNow + from * kDay, kNow + to * kDay}; }

struct TestCa {
  PrivateKey key;
  Certificate certificate;

  explicit TestCa(const std::string& common_name = "Test CA", Validity validity = Days(-10, 3650))
      : key(ValueOrDie(PrivateKey::GenerateP256())),
        certificate(ValueOrDie(IssueCa("Example Works", common_name, validity, key))) {}
  IssuerRef ref() const { return {certificate, key}; }
};

inline DeviceSpec GoodDevice() {
  DeviceSpec spec;
  spec.device = ValueOrDie(DeviceId::Parse("D-1042"));
  spec.serial = "SN-0042/7";
  spec.ek_sha256.fill(0xE1);
  spec.trust_models = {TrustModel::kEkCert};
  spec.evidence_sha256.fill(0xE2);
  return spec;
}

}  // namespace preseal::crypto::test
