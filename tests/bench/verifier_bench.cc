// SPDX-License-Identifier: Apache-2.0
// What the verifier costs: each check by itself, and a whole attestation beside the signatures it
// cannot do without, in one run, so that the ratio means something on a noisy machine.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <initializer_list>

#include "common/crypto/key.h"
#include "server/domain/attestation/attestation_checks.h"
#include "tests/support/attestation_fixture.h"

namespace preseal {
namespace {

using server::AttestationCheck;
using server::AttestationChecks;

// Good evidence, and an examination that has been through every check of it once.
struct Bench {
  Bench() : evidence(fixture.Build()) {
    (void)fixture.Verify();  // fills the trust bundle
    examination.emplace(server::Examination{.evidence = evidence, .context = fixture.context});
  }
  test::AttestationFixture fixture;
  server::AttestationEvidence evidence;
  std::optional<server::Examination> examination;
};

void RunCheck(benchmark::State& state, Bench* bench, const AttestationCheck* check) {
  for (auto _ : state) {
    bench->examination->trust_models.clear();
    benchmark::DoNotOptimize(check->run(*bench->examination));
  }
}

void WholeAttestation(benchmark::State& state, Bench* bench) {
  for (auto _ : state) {
    const auto verdict = server::VerifyAttestation(bench->evidence, bench->fixture.context);
    if (!verdict.accepted()) state.SkipWithError("the good evidence was refused");
  }
}

// Two chain signatures, Certify and Quote: P-256 each.
void FourSignatures(benchmark::State& state, Bench* bench) {
  const Bytes text = ToBytes("text");
  const Bytes signature = bench->fixture.ak_key.SignRaw(text).value();
  const crypto::PublicKey key = bench->fixture.ak_key.public_key();
  for (auto _ : state) {
    for (int i = 0; i < 4; ++i) {
      if (!key.VerifyEcdsaRaw(crypto::HashAlg::kSha256, text, signature))
        state.SkipWithError("a good signature was refused");
    }
  }
}

void RegisterAll(Bench* bench) {
  using server::BindEvidence;
  const auto add = [bench](AttestationChecks group) {
    for (const AttestationCheck& check : group) {
      check.run(*bench->examination);
      benchmark::RegisterBenchmark(fmt::format("check/{} {}", check.number, check.name).c_str(),
                                   RunCheck, bench, &check);
    }
  };
  for (const AttestationChecks group :
       {server::InputChecks(), server::EkCertificateChecks(), server::EkChainChecks(),
        server::EkKeyChecks(), server::TpmIdentityChecks(), server::TrustModelChecks(),
        server::DeviceKeyChecks()}) {
    add(group);
  }
  BindEvidence(*bench->examination);
  add(server::CertifyChecks());
  add(server::QuoteChecks());
  benchmark::RegisterBenchmark("attestation/whole", WholeAttestation, bench);
  benchmark::RegisterBenchmark("attestation/its four signatures alone", FourSignatures, bench);
}

}  // namespace
}  // namespace preseal

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  preseal::Bench bench;
  preseal::RegisterAll(&bench);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
