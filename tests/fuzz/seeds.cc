// SPDX-License-Identifier: Apache-2.0
// Writes the stored corpus' first inputs, all of our own making: usage fuzz-seeds FOLDER. Each goes
// into FOLDER/<fuzzer>/<name>.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/support/attestation_fixture.h"
#include "tests/support/event_log_builder.h"

namespace preseal {
namespace {

namespace fs = std::filesystem;

class Corpus {
 public:
  explicit Corpus(fs::path folder) : folder_(std::move(folder)) {}
  void Put(const std::string& fuzzer, const std::string& name, ByteView content) const {
    fs::create_directories(folder_ / fuzzer);
    std::ofstream file(folder_ / fuzzer / name, std::ios::binary);
    file << AsText(content);
  }

 private:
  const fs::path folder_;
};

void PutLogs(const Corpus& corpus) {
  const Bytes both = test::EventLogBuilder().SecureBootBoot().Build();
  const Bytes old = test::EventLogBuilder({server::kBankSha1}).SecureBootBoot().BuildLegacy();
  const Bytes header = test::EventLogBuilder({server::kBankSha256}).Build();
  for (const std::string fuzzer : {"event_log", "lint"}) {
    corpus.Put(fuzzer, "boot-sha1-sha256.bin", both);
    corpus.Put(fuzzer, "boot-legacy.bin", old);
    corpus.Put(fuzzer, "header-only.bin", header);
  }
}

void PutCertificates(const Corpus& corpus, const server::AttestationEvidence& evidence) {
  Bytes padded = evidence.ek_certificate;
  padded.insert(padded.end(), 400, 0xFF);
  for (const std::string fuzzer : {"ek_certificate", "lint"}) {
    corpus.Put(fuzzer, "ek.der", evidence.ek_certificate);
    corpus.Put(fuzzer, "ek-padded.nv", padded);
  }
}

// The first byte says which structure follows.
Bytes Chosen(uint8_t which, ByteView structure) {
  Bytes input = {which};
  input.insert(input.end(), structure.begin(), structure.end());
  return input;
}

void PutStructures(const Corpus& corpus, const server::AttestationEvidence& evidence) {
  corpus.Put("tpm_structures", "ek.public", Chosen(0, evidence.ek_public));
  corpus.Put("tpm_structures", "ak.public", Chosen(0, evidence.ak_public));
  corpus.Put("tpm_structures", "quote.attest", Chosen(1, evidence.quote_attest));
  corpus.Put("tpm_structures", "certify.attest", Chosen(1, evidence.certify_attest));
  corpus.Put("tpm_structures", "quote.signature", Chosen(2, evidence.quote_signature));
  corpus.Put("lint", "quote.attest", evidence.quote_attest);
  corpus.Put("lint", "certify.attest", evidence.certify_attest);
}

}  // namespace
}  // namespace preseal

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz-seeds FOLDER\n";
    return 2;
  }
  const preseal::Corpus corpus(argv[1]);
  preseal::test::AttestationFixture fixture;
  const auto evidence = fixture.Build();
  preseal::PutLogs(corpus);
  preseal::PutCertificates(corpus, evidence);
  preseal::PutStructures(corpus, evidence);
  return 0;
}
