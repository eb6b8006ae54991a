// SPDX-License-Identifier: Apache-2.0
// The decision of a record made again: the inner half of evidence_verifier.h.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/crypto/oids.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/make_credential.h"
#include "server/domain/evidence/evidence_verifier.h"
#include "server/domain/evidence/trust_used.h"

namespace preseal::server {
namespace {

using Certificates = std::vector<crypto::Certificate>;

// What the later checks need of the earlier ones.
struct Bench {
  const EvidenceRecord& record;
  const EvidenceTrust& trust;
  std::vector<EvidenceCheck>& checks;
  RecordedMessages messages;
  AttestationPolicy policy;
  TrustBundle bundle;
  Rejudgement again;

  bool Pass(std::string_view name) {
    checks.push_back({.name = name});
    return true;
  }
  bool Note(std::string_view name, std::string seen, std::string expected) {
    checks.push_back({.name = name,
                      .verdict = CheckVerdict::kFinding,
                      .seen = std::move(seen),
                      .expected = std::move(expected)});
    return true;
  }
  bool Fail(std::string_view name, RefusalCode code, std::string_view seen,
            std::string_view expected) {
    checks.push_back({.name = name,
                      .verdict = CheckVerdict::kFail,
                      .code = code,
                      .seen = EscapeForLog(seen, kNameBytesMax),
                      .expected = EscapeForLog(expected, kNameBytesMax)});
    return false;
  }
  bool Tampered(std::string_view name, std::string_view seen, std::string_view expected) {
    return Fail(name, RefusalCode::kEvidenceTampered, seen, expected);
  }
};

bool ReadMessages(Bench& bench, const RecordReader& reader) {
  const EvidenceRecord& record = bench.record;
  auto messages = reader.Read(record.challenge, record.evidence, record.credential);
  if (!messages.ok()) {
    return bench.Fail("messages", RefusalCode::kEvidenceMalformed, MessageOf(messages.status()),
                      "S0, D1 and S2 of an enrolment");
  }
  bench.messages = *std::move(messages);
  return bench.Pass("messages");
}

// A challenge may say beforehand what it will be judged by.
bool Announced(const Bytes& announced, const crypto::Digest256& used) {
  return announced.empty() ||
         std::equal(announced.begin(), announced.end(), used.begin(), used.end());
}

bool ReadPolicy(Bench& bench, const PolicyCodec& policies) {
  const PolicyRecord& recorded = bench.record.policy;
  if (crypto::Sha256(AsBytes(recorded.text)) != recorded.sha256) {
    return bench.Tampered("policy", "another text", "text of digest " + ToHex(recorded.sha256));
  }
  if (!Announced(bench.messages.challenge.policy_sha256, recorded.sha256)) {
    return bench.Tampered("policy", "policy " + ToHex(recorded.sha256), "the one in the challenge");
  }
  auto policy = policies.read(recorded.text);
  if (!policy.ok()) {
    return bench.Fail("policy", RefusalCode::kEvidenceMalformed, MessageOf(policy.status()),
                      "a policy");
  }
  bench.policy = *std::move(policy);
  return bench.Pass("policy");
}

void KeepOnly(const Certificates& trusted, Certificates* roots) {
  std::erase_if(*roots, [&](const crypto::Certificate& root) {
    return std::find(trusted.begin(), trusted.end(), root) == trusted.end();
  });
}

bool ReadTrust(Bench& bench) {
  auto bundle = ToBundle(bench.record.trust);
  if (!bundle.ok()) {
    return bench.Fail("trust bundle", RefusalCode::kEvidenceMalformed, MessageOf(bundle.status()),
                      "certificates");
  }
  bench.bundle = *std::move(bundle);
  if (!Announced(bench.messages.challenge.trust_bundle_sha256, bench.record.trust.sha256)) {
    return bench.Tampered("trust bundle", "bundle " + ToHex(bench.record.trust.sha256),
                          "the one in the challenge");
  }
  if (bench.trust.maker_roots == nullptr) {
    return bench.Note("trust bundle", "roots as the server recorded them",
                      "makers' roots to compare");
  }
  KeepOnly(*bench.trust.maker_roots, &bench.bundle.roots);
  KeepOnly(*bench.trust.maker_roots, &bench.bundle.lab_roots);
  return bench.Pass("trust bundle");
}

std::string Shown(AttestationOutcome outcome, RefusalCode code) {
  return fmt::format("{} {}", NameOf(outcome), NameOf(code));
}

bool SameVerdict(Bench& bench) {
  bench.again = Rejudge(bench.record, bench.messages, bench.policy, bench.bundle);
  const EvidenceRecord& record = bench.record;
  if (bench.again.outcome == record.outcome && bench.again.code == record.code) {
    return bench.Pass("verdict");
  }
  return bench.Tampered("verdict", Shown(record.outcome, record.code),
                        Shown(bench.again.outcome, bench.again.code));
}

bool SameFindings(Bench& bench) {
  const auto& recorded = bench.record.findings;
  const auto& again = bench.again.findings;
  const auto [ours, theirs] =
      std::mismatch(recorded.begin(), recorded.end(), again.begin(), again.end());
  if (ours == recorded.end() && theirs == again.end()) return bench.Pass("findings");
  const auto shown = [](auto at, auto end) {
    return at == end ? std::string("nothing more")
                     : fmt::format("{} {} {} {}", at->number, at->check, at->verdict, at->seen);
  };
  return bench.Tampered("findings", shown(ours, recorded.end()), shown(theirs, again.end()));
}

// S2 is what K and the randomness make of it, byte for byte.
bool SameCredential(Bench& bench) {
  const auto& activation = bench.record.activation;
  if (!activation && !bench.messages.credential) return true;  // refused before
  if (!activation || !bench.messages.credential || !bench.again.facts) {
    return bench.Tampered("credential", "half of an activation", "S2 with what it was made of");
  }
  const AttestedFacts& facts = *bench.again.facts;
  const auto made = tpmwire::MakeCredential(facts.ek_public, facts.ak_name, activation->secret,
                                            activation->random);
  if (!made.ok()) {
    return bench.Tampered("credential", MessageOf(made.status()), "randomness that S2 was made of");
  }
  if (made->credential_blob != bench.messages.credential->credential_blob ||
      made->encrypted_secret != bench.messages.credential->encrypted_secret) {
    return bench.Tampered("credential", "another S2", "the one this K and randomness make");
  }
  return bench.Pass("credential");
}

bool SameProof(Bench& bench) {
  const EvidenceRecord& record = bench.record;
  const bool accepted = record.outcome != AttestationOutcome::kRefused;
  if (!record.activation || !record.activation->proof_time) {
    return !accepted || bench.Tampered("proof", "none", "an acceptance rests on a proof");
  }
  const auto transcript =
      tpmwire::TranscriptHash(record.challenge, record.evidence, record.credential);
  const auto proof = tpmwire::ComputeProof(Secret(Bytes(record.activation->secret)), transcript);
  const bool holds = ConstantTimeEqual(proof, record.proof);
  if (holds == (record.code != RefusalCode::kActivationFailed)) return bench.Pass("proof");
  return bench.Tampered("proof", holds ? "a proof that holds" : "a proof that does not hold",
                        Shown(record.outcome, record.code));
}

// The extension is an OCTET STRING of 32 bytes.
bool NamesEvidence(const crypto::Certificate& certificate, const crypto::Digest256& digest) {
  const crypto::Extension* extension = certificate.FindExtension(crypto::kOidEvidenceSha256);
  return extension != nullptr && extension->value.size() == 2 + digest.size() &&
         extension->value[0] == 0x04 && extension->value[1] == digest.size() &&
         std::equal(digest.begin(), digest.end(), extension->value.begin() + 2);
}

bool SameCertificate(Bench& bench) {
  const EvidenceRecord& record = bench.record;
  if (record.outcome == AttestationOutcome::kRefused) {
    return record.certificate.empty() ||
           bench.Tampered("certificate", "a certificate", "none: it was refused");
  }
  const auto certificate = crypto::Certificate::FromDer(record.certificate);
  if (!certificate.ok()) return bench.Tampered("certificate", "none that parses", "the one issued");
  if (certificate->spki_der() != bench.again.facts->device_key.SpkiDer()) {
    return bench.Tampered("certificate", "for another key", "for the key the TPM certified");
  }
  if (!NamesEvidence(*certificate, EvidenceDigest(record))) {
    return bench.Tampered("certificate", "rests on other evidence",
                          "evidence " + ToHex(EvidenceDigest(record)));
  }
  return bench.Pass("certificate");
}

}  // namespace

bool CheckDecision(const EvidenceRecord& record, const RecordReader& reader,
                   const PolicyCodec& policies, const EvidenceTrust& trust,
                   std::vector<EvidenceCheck>* checks) {
  Bench bench{.record = record, .trust = trust, .checks = *checks};
  if (record.verifier_version != PRESEAL_VERSION) {
    bench.Note("version", record.verifier_version, PRESEAL_VERSION);
  }
  return ReadMessages(bench, reader) && ReadPolicy(bench, policies) && ReadTrust(bench) &&
         SameVerdict(bench) && SameFindings(bench) && SameCredential(bench) && SameProof(bench) &&
         SameCertificate(bench);
}

}  // namespace preseal::server
