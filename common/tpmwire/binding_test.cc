// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/binding.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace preseal::tpmwire {
namespace {

// The expected values were computed from the proto's comments with Python's hashlib and hmac.
class BindingTest : public testing::Test {
 protected:
  BindingInput Input() const {
    BindingInput input;
    input.session_id = session_id_;
    input.nonce = nonce_;
    input.server_leaf_sha256 = leaf_;
    input.ek_public = AsBytes("ek");
    input.ek_certificate = AsBytes("cert");
    input.ak_name = AsBytes("ak-name");
    input.device_key_name = AsBytes("key-name");
    input.event_log = {};
    input.claims = AsBytes("claims");
    return input;
  }

  const Bytes session_id_ = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Bytes nonce_ = Bytes(32, 7);
  const Sha256Digest leaf_ = Sha256({AsBytes("leaf")});
};

TEST_F(BindingTest, MatchesAnIndependentComputation) {
  const Sha256Digest binding = ComputeBinding(Input());
  EXPECT_EQ(ToHex(binding), "6ac6213d3e9497d3b63e8f1bb51c7760a0f47e6a1b5021735f85a12f375f74cc");
  EXPECT_EQ(ToHex(CertifyQualifyingData(binding)),
            "8394182190b99c1c44286f4fe49b2e2d52aacf327f007ed7673bbe849d1806de");
  EXPECT_EQ(ToHex(QuoteQualifyingData(binding)),
            "af08576d6ce025f58d0c4987c545835e88ecdbcdbf573577f47ca4f7a5bd0921");
}

TEST_F(BindingTest, EveryFieldChangesIt) {
  const std::vector<ByteView BindingInput::*> fields = {&BindingInput::session_id,
                                                        &BindingInput::nonce,
                                                        &BindingInput::server_leaf_sha256,
                                                        &BindingInput::ek_public,
                                                        &BindingInput::ek_certificate,
                                                        &BindingInput::ak_name,
                                                        &BindingInput::device_key_name,
                                                        &BindingInput::event_log,
                                                        &BindingInput::claims};
  const Sha256Digest original = ComputeBinding(Input());
  for (const auto field : fields) {
    BindingInput changed = Input();
    changed.*field = AsBytes("other");
    EXPECT_NE(ComputeBinding(changed), original);
  }
}

TEST_F(BindingTest, MovingABoundaryBetweenFieldsChangesIt) {
  BindingInput moved = Input();
  moved.ak_name = AsBytes("ak-namek");
  moved.device_key_name = AsBytes("ey-name");
  EXPECT_NE(ComputeBinding(moved), ComputeBinding(Input()));
}

// Computed by another program after the definition in device.proto.
TEST_F(BindingTest, RenewalsMatchesAnIndependentComputation) {
  EXPECT_EQ(ToHex(ComputeRenewalBinding("D-1042", nonce_, leaf_)),
            "891c566726cf24731de3471824b13847bb0d4d5f38b0db27f920c971491d2f5b");
}

TEST_F(BindingTest, ProofMatchesAnIndependentComputation) {
  const Sha256Digest transcript = TranscriptHash(AsBytes("S0"), AsBytes("D1"), AsBytes("S2"));
  EXPECT_EQ(ToHex(transcript), "cd2568b7c5fbbd95903bac5cf62c3c38b58ea0532df3f1e3e6669cc1f8658265");
  EXPECT_EQ(ToHex(ComputeProof(Secret(Bytes(32, 9)), transcript)),
            "c85d26904373af43b696d7a74f800b9d4d486aff0c5aa738406c0d9205fa053f");
}

}  // namespace
}  // namespace preseal::tpmwire
