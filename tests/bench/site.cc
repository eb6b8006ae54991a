// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/site.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/crypto/issue.h"
#include "common/files/files.h"
#include "server/adapters/sql/sqlite_store.h"
#include "server/app/server_app.h"

namespace preseal::bench {
namespace {

using server::Tx;

constexpr mode_t kFolder = 0700;
constexpr mode_t kFile = 0600;

// Warnings only: an idle server and a loaded one must differ by their work, not by their log.
constexpr char kConfig[] = R"(organisation: Bench
state_dir: state
public_names: [localhost, 127.0.0.1]
device_port: {address: 127.0.0.1, port: 0}
enrollment_port: {address: 127.0.0.1, port: 0}
api_port: {address: 127.0.0.1, port: 0}
web_port: {address: 127.0.0.1, port: 0}
log_level: warning
trust:
  ek_roots: [ek-root.pem]
technician_flow:
  profiles: profiles
  default_profile: bench
  start: manual
)";
constexpr char kProfile[] = R"(name: bench
items:
  - id: motd
    name: Welcome text
    category: policies
    file: {path: /etc/motd, mode: 0644, content: hello}
)";

Status WriteText(const std::string& path, std::string_view text) {
  return files::WriteAtomic(path, AsBytes(text), kFile);
}

Status InsertRun(Tx& tx, const DeviceId& device, WallTime now) {
  server::Run run;
  run.run_id = RunId::Of(device, 1);
  run.start_time = now;
  run.profile = "bench";
  run.profile_digest = std::string(64, '0');
  run.plan = Bytes(64, 0);
  std::vector<server::Item> items(kItems);
  for (int i = 0; i < kItems; ++i) {
    items[static_cast<size_t>(i)].item_id = ItemAt(i);
    items[static_cast<size_t>(i)].display_name = fmt::format("Step {}", i);
  }
  return tx.runs.InsertRun(run, items);
}

// The certificate needs the id, which the store gives; so insert, issue, write again.
Status Enrol(Tx& tx, server::CaStore& ca, WallTime now, server::Device* device, LoadDevice* out) {
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::GenerateP256());
  ASSIGN_OR_RETURN(const auto issued, ca.Issue({.device = device->id,
                                                .serial_number = device->serial_number,
                                                .trust_models = {server::TrustModel::kEkCert}},
                                               key.public_key(), now));
  ASSIGN_OR_RETURN(const auto leaf, crypto::Certificate::FromDer(issued.der));
  ASSIGN_OR_RETURN(const Secret key_pem, key.ToPem());
  out->key_pem = ToString(key_pem.Reveal());
  out->certificate_pem = leaf.ToPem() + ca.device_ca().ToPem();
  const auto fingerprint = leaf.fingerprint();
  device->certificate_sha256.assign(fingerprint.begin(), fingerprint.end());
  device->enrolled = true;
  device->state = server::DeviceState::kProvisioning;
  device->attempt = 1;
  RETURN_IF_ERROR(tx.devices.Put(device));
  return InsertRun(tx, device->id, now);
}

}  // namespace

ItemId ItemAt(int index) { return *ItemId::Parse(fmt::format("step-{}", index)); }

StatusOr<std::string> UnusedEkRoot() {
  const WallTime now = SystemClock().Now();
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::GenerateP256());
  ASSIGN_OR_RETURN(const auto root, crypto::IssueCa("Bench", "Unused EK root",
                                                    {now, now + std::chrono::hours(24)}, key));
  return root.ToPem();
}

StatusOr<std::unique_ptr<Site>> Site::Create(int devices, Start start,
                                             const std::string& ek_root_pem) {
  auto site = std::unique_ptr<Site>(new Site());
  RETURN_IF_ERROR(site->WriteFiles(ek_root_pem));
  ASSIGN_OR_RETURN(site->config_, server::LoadConfig(site->File("preseal.yaml")));
  RETURN_IF_ERROR(server::Initialise(site->config_, "admin").status());
  ASSIGN_OR_RETURN(site->ca_, server::CaStore::Load(server::CaFolder(site->config_)));
  RETURN_IF_ERROR(site->AddDevices(devices, start));
  return site;
}

StatusOr<std::string> Site::ServerKeyPem() const {
  ASSIGN_OR_RETURN(const Bytes pem,
                   files::Read(ca_->files().server.key.string(), kPrivateKeyPemBytesMax));
  return ToString(pem);
}

Status Site::WriteFiles(const std::string& ek_root_pem) {
  RETURN_IF_ERROR(files::MakeDirectories(File("profiles"), kFolder));
  RETURN_IF_ERROR(WriteText(File("profiles/bench.yaml"), kProfile));
  RETURN_IF_ERROR(WriteText(File("ek-root.pem"), ek_root_pem));
  return WriteText(File("preseal.yaml"), kConfig);
}

Status Site::AddDevices(int devices, Start start) {
  const SystemClock clock;
  ASSIGN_OR_RETURN(const auto store,
                   server::SqliteStore::Open(server::DatabaseFile(config_).string(), &clock));
  devices_.resize(static_cast<size_t>(devices));
  return store->WriteAndWait([&](Tx& tx) -> Status {
    const WallTime now = clock.Now();
    const BatchId batch = *BatchId::Parse("PO-1");
    RETURN_IF_ERROR(tx.batches.EnsureBatch(batch, now));
    for (size_t i = 0; i < devices_.size(); ++i) {
      server::Device device;
      device.serial_number = devices_[i].serial_number = fmt::format("BENCH-{:06}", i);
      device.batch = batch;
      device.create_time = device.state_time = now;
      RETURN_IF_ERROR(tx.devices.Insert(&device));
      devices_[i].id = device.id;
      if (start == Start::kProvisioning) {
        RETURN_IF_ERROR(Enrol(tx, *ca_, now, &device, &devices_[i]));
      }
    }
    return OkStatus();
  });
}

}  // namespace preseal::bench
