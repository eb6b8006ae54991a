// SPDX-License-Identifier: Apache-2.0
// Enrolments, first as calls into the use case, then whole over loopback mTLS, each beside the sum
// of the crypto it cannot do without, measured in the same run. Durable in both: an admission is in
// the database before the device hears of it.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "common/grpcutil/status.h"
#include "common/log/log.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "preseal/enrollment/v1/enrollment.grpc.pb.h"
#include "server/adapters/sql/sqlite_store.h"
#include "server/app/server_app.h"
#include "server/app/trust_anchors.h"
#include "server/domain/trust/policy_text.h"
#include "server/wire/evidence_codec.h"
#include "tests/bench/handshake_cost.h"
#include "tests/bench/measured_server.h"
#include "tests/bench/options.h"
#include "tests/bench/software_chip.h"

namespace preseal::bench {
namespace {

namespace ev1 = enrollment::v1;

constexpr size_t kAtOnce = 8;
constexpr int kDevices = 1000;
constexpr int kRounds = 300;

struct Cost {
  double cpu_seconds = 0;  // per enrolment, the server's part
  double per_second = 0;   // wall clock, the devices' part and the disk included
};

// Runs `enrol` for every device, kAtOnce at a time; the first error ends it.
template <typename Enrol>
Status ForEachDevice(const Site& site, const Enrol& enrol) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  Status first_error;
  const auto work = [&] {
    for (size_t i = next++; i < site.devices().size(); i = next++) {
      const Status status = enrol(i);
      if (status.ok()) continue;
      const std::lock_guard lock(mutex);
      if (first_error.ok()) first_error = status;
      next = site.devices().size();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < kAtOnce; ++i) threads.emplace_back(work);
  }
  return first_error;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// --- in process ---

// What one enrolment sends: S0, D1, S2, D3 and the certificate of S4 with its chain, without
// framing.
std::atomic<size_t> last_enrolment_bytes{0};

size_t BytesOf(const server::AdmissionFacts& admission) {
  size_t bytes = admission.certificate.der.size();
  for (const Bytes& issuer : admission.certificate.chain) bytes += issuer.size();
  return bytes;
}

// One pass. `device_seconds` gets the thread's time that a real bench would spend on the device.
Status EnrolInProcess(server::Enrollment& enrollment, const crypto::Digest256& leaf,
                      SoftwareChip& chip, std::atomic<double>& device_seconds) {
  ASSIGN_OR_RETURN(const auto pass, enrollment.Begin("bench", "bench", leaf));
  const Bytes challenge = ToBytes(server::EncodeChallenge(pass->challenge()));
  double start = ThreadSeconds();
  ASSIGN_OR_RETURN(const Bytes evidence, chip.Evidence(challenge, leaf));
  device_seconds.fetch_add(ThreadSeconds() - start);
  ASSIGN_OR_RETURN(const auto answer, pass->OnEvidence(challenge, evidence));
  if (const auto* refusal = std::get_if<server::RefusalFacts>(&answer)) {
    return Internal("refused: " + std::string(server::NameOf(refusal->code)) + " " + refusal->seen);
  }
  const Bytes credential =
      ToBytes(server::EncodeCredential(std::get<server::CredentialFacts>(answer)));
  start = ThreadSeconds();
  ASSIGN_OR_RETURN(const Bytes proof, chip.Proof(challenge, evidence, credential));
  device_seconds.fetch_add(ThreadSeconds() - start);
  ASSIGN_OR_RETURN(const auto result, pass->OnProof(credential, proof));
  const auto* admission = std::get_if<server::AdmissionFacts>(&result);
  if (admission == nullptr) return Internal("the proof was refused");
  last_enrolment_bytes =
      challenge.size() + evidence.size() + credential.size() + proof.size() + BytesOf(*admission);
  return OkStatus();
}

StatusOr<Cost> MeasureInProcess(Site& site, std::vector<SoftwareChip>& chips) {
  const SystemClock clock;
  ASSIGN_OR_RETURN(const auto store,
                   server::SqliteStore::Open(server::DatabaseFile(site.config()).string(), &clock));
  ASSIGN_OR_RETURN(auto basis, server::LoadTrust(site.config()));
  const server::FixedTrust trust(std::move(basis));
  const server::ProtoEvidenceDecoder decoder;
  server::RecordDesk records(*store);
  server::AdmissionGate gate(clock);
  const server::EvidenceOffice evidence(site.ca(), {server::PolicyText, server::ParsePolicyText},
                                        site.config().organisation);
  server::Enrollment enrollment(
      server::EnrollmentParts{*store, clock, decoder, site.ca(), trust, records, evidence, gate});
  const auto leaf = site.ca().server_certificate().fingerprint();
  std::atomic<double> device_seconds{0};
  const double cpu = ProcessSeconds();
  const auto start = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(ForEachDevice(
      site, [&](size_t i) { return EnrolInProcess(enrollment, leaf, chips[i], device_seconds); }));
  const auto count = static_cast<double>(chips.size());
  return Cost{(ProcessSeconds() - cpu - device_seconds.load()) / count,
              count / SecondsSince(start)};
}

// --- over the wire ---

Status EnrolOverTls(const std::string& endpoint, const grpc::SslCredentialsOptions& tls,
                    const crypto::Digest256& leaf, SoftwareChip& chip) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(endpoint, grpc::SslCredentials(tls), arguments);
  const auto stub = ev1::EnrollmentService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kEnrollmentSessionMax);
  const auto stream = stub->Enroll(&context);
  ev1::EnrollRequest request;
  ev1::EnrollResponse challenge;
  ev1::EnrollResponse credential;
  ev1::EnrollResponse result;
  if (!stream->Read(&challenge)) return grpcutil::FromGrpc(stream->Finish());
  ASSIGN_OR_RETURN(const Bytes evidence, chip.Evidence(AsBytes(challenge.challenge()), leaf));
  request.set_evidence(ToString(evidence));
  stream->Write(request);
  if (!stream->Read(&credential)) return grpcutil::FromGrpc(stream->Finish());
  ASSIGN_OR_RETURN(const Bytes proof, chip.Proof(AsBytes(challenge.challenge()), evidence,
                                                 AsBytes(credential.credential())));
  request.set_proof(ToString(proof));
  stream->Write(request);
  if (!stream->Read(&result)) return grpcutil::FromGrpc(stream->Finish());
  RETURN_IF_ERROR(grpcutil::FromGrpc(stream->Finish()));
  return result.result().has_admission() ? OkStatus() : Internal("refused");
}

StatusOr<Cost> MeasureOverTls(const Site& site, const server::StationCredential& station,
                              std::vector<SoftwareChip>& chips) {
  ASSIGN_OR_RETURN(const auto server, MeasuredServer::StartPreseal(site));
  ASSIGN_OR_RETURN(const Secret key, station.key.ToPem());
  const grpc::SslCredentialsOptions tls{site.server_ca_pem(), ToString(key.Reveal()),
                                        station.certificate.ToPem()};
  const auto leaf = site.ca().server_certificate().fingerprint();
  ASSIGN_OR_RETURN(const Usage before, server->Read());
  const auto start = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(ForEachDevice(site, [&](size_t i) {
    return EnrolOverTls(server->enrollment_endpoint(), tls, leaf, chips[i]);
  }));
  const double seconds = SecondsSince(start);
  ASSIGN_OR_RETURN(const Usage after, server->Read());
  const auto count = static_cast<double>(chips.size());
  return Cost{(after.cpu_seconds - before.cpu_seconds) / count, count / seconds};
}

// --- the primitives ---

struct Primitives {
  double ek_chain = 0;
  double make_credential = 0;
  double verify_twice = 0;
  double issue = 0;
  double handshake = 0;

  double sum() const { return ek_chain + make_credential + verify_twice + issue; }
};

// Processor seconds of one call, mean of kRounds.
template <typename Work>
StatusOr<double> Mean(const Work& work) {
  const double start = ThreadSeconds();
  for (int i = 0; i < kRounds; ++i) RETURN_IF_ERROR(work());
  return (ThreadSeconds() - start) / kRounds;
}

Status VerifyChainOf(ByteView ek_der, const crypto::Certificate& intermediate,
                     const crypto::Certificate& root) {
  ASSIGN_OR_RETURN(const auto ek, crypto::Certificate::FromDer(ek_der));
  const bool good = ek.IsSignedBy(intermediate) && intermediate.IsSignedBy(root);
  return good ? OkStatus() : Internal("the chain does not verify");
}

StatusOr<Primitives> MeasurePrimitives(Site& site, const ChipMaker& maker,
                                       const server::StationCredential& station) {
  Primitives cost;
  const SoftwareChip chip = maker.Make("primitives");
  const test::AttestationFixture& parts = chip.parts();
  ASSIGN_OR_RETURN(const auto authorities, crypto::ParsePemBundle(maker.ca_pem()));
  const Bytes ek_der = test::BuildCertificate(parts.ek_certificate, parts.intermediate_key);
  ASSIGN_OR_RETURN(cost.ek_chain,
                   Mean([&] { return VerifyChainOf(ek_der, authorities[1], authorities[0]); }));
  ASSIGN_OR_RETURN(
      cost.make_credential, Mean([&]() -> Status {
        ASSIGN_OR_RETURN(const Bytes random,
                         crypto::RandomBytes(tpmwire::CredentialRandomBytes(parts.ek)));
        return tpmwire::MakeCredential(parts.ek, tpmwire::NameOf(parts.ak), Bytes(32, 7), random)
            .status();
      }));
  const Bytes message(150, 7);  // as long as an attestation
  ASSIGN_OR_RETURN(const Bytes signature, parts.ak_key.SignDer(message));
  const crypto::PublicKey ak = parts.ak_key.public_key();
  ASSIGN_OR_RETURN(const double verify, Mean([&] {
                     return ak.VerifyEcdsaDer(crypto::HashAlg::kSha256, message, signature)
                                ? OkStatus()
                                : Internal("the signature does not verify");
                   }));
  cost.verify_twice = 2 * verify;
  const crypto::PublicKey device_key = parts.tls_key.public_key();
  ASSIGN_OR_RETURN(cost.issue, Mean([&] {
                     return site.ca()
                         .Issue({.device = site.devices()[0].id,
                                 .serial_number = "primitives",
                                 .trust_models = {server::TrustModel::kEkCert}},
                                device_key, SystemClock().Now())
                         .status();
                   }));
  ASSIGN_OR_RETURN(const Secret station_key, station.key.ToPem());
  ASSIGN_OR_RETURN(const std::string server_key, site.ServerKeyPem());
  ASSIGN_OR_RETURN(
      cost.handshake,
      ServerHandshakeSeconds(
          {site.ca().server_certificate().ToPem(), server_key, site.ca().station_ca().ToPem()},
          {station.certificate.ToPem(), ToString(station_key.Reveal()), site.server_ca_pem()},
          kRounds));
  return cost;
}

void Print(const char* what, const Cost& cost, double primitives) {
  fmt::print("{:<26} {:>8.0f}   {:>9.3f} ms   {:>9.3f} ms   {:>5.2f}\n", what, cost.per_second,
             cost.cpu_seconds * 1e3, primitives * 1e3, primitives / cost.cpu_seconds);
}

Status RunAll(const Options& options) {
  log::SetLevel(log::Level::kWarning);
  const int devices = options.smoke ? 4 : kDevices;
  const ChipMaker maker;
  ASSIGN_OR_RETURN(const auto inner, Site::Create(devices, Start::kImported, maker.ca_pem()));
  ASSIGN_OR_RETURN(const auto outer, Site::Create(devices, Start::kImported, maker.ca_pem()));
  std::vector<SoftwareChip> chips;
  for (const LoadDevice& device : inner->devices()) {
    chips.push_back(maker.Make(device.serial_number));
  }
  const WallTime now = SystemClock().Now();
  ASSIGN_OR_RETURN(const auto station,
                   outer->ca().IssueStationCredential("bench", now, now + std::chrono::hours(1)));
  ASSIGN_OR_RETURN(const Primitives cost, MeasurePrimitives(*outer, maker, station));
  ASSIGN_OR_RETURN(const Cost in_process, MeasureInProcess(*inner, chips));
  ASSIGN_OR_RETURN(const Cost over_tls, MeasureOverTls(*outer, station, chips));
  fmt::print(
      "primitives (ms): EK chain {:.3f}, MakeCredential {:.3f}, two signatures {:.3f}, "
      "certificate {:.3f}, TLS handshake {:.3f}\n",
      cost.ek_chain * 1e3, cost.make_credential * 1e3, cost.verify_twice * 1e3, cost.issue * 1e3,
      cost.handshake * 1e3);
  fmt::print("enrolments                 passes/s   CPU per pass   primitives     ratio\n");
  Print("in process", in_process, cost.sum());
  fmt::print("bytes per enrolment: {}\n", last_enrolment_bytes.load());
  Print("whole, mTLS on loopback", over_tls, cost.sum() + cost.handshake);
  return OkStatus();
}

}  // namespace
}  // namespace preseal::bench

int main(int argc, char** argv) { return preseal::bench::Main(argc, argv, preseal::bench::RunAll); }
