// SPDX-License-Identifier: Apache-2.0
// Evidence from outside: a record's payload, a link of the chain, a line of an evidence file, and
// the messages S0, D1, S2. Links server_evidence and server_wire.
#include <cstdlib>

#include "server/domain/evidence/evidence_chain.h"
#include "server/domain/evidence/evidence_record.h"
#include "server/domain/evidence/evidence_verifier.h"
#include "server/domain/trust/policy_text.h"
#include "server/wire/evidence_codec.h"

namespace {

void Check(bool invariant) {
  if (!invariant) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace server = preseal::server;
  const preseal::ByteView bytes(data, size);
  const std::string_view text = preseal::AsText(bytes);
  const server::ProtoRecordReader reader;
  // What is read must be written back as it was.
  if (const auto record = server::DecodeRecord(text); record.ok()) {
    const auto again = server::EncodeRecord(*record);
    Check(again.ok() && *again == text);
    const server::PolicyCodec policies{server::PolicyText, server::ParsePolicyText};
    std::vector<server::EvidenceCheck> checks;
    server::CheckDecision(*record, reader, policies, {}, &checks);
    Check(!checks.empty());
  }
  if (const auto link = server::DecodeLink(text); link.ok()) {
    Check(server::EncodeLink(*link) == text);
  }
  (void)server::ProtoEvidenceDecoder().Decode(bytes);
  (void)server::DecodeChallenge(bytes);
  (void)server::DecodeCredential(bytes);
  return 0;
}
