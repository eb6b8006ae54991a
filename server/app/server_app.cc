// SPDX-License-Identifier: Apache-2.0
#include "server/app/server_app.h"

#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "server/adapters/blobs/blob_directory.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/grpc/auth_service.h"
#include "server/adapters/grpc/batch_service.h"
#include "server/adapters/grpc/device_service.h"
#include "server/adapters/grpc/enrollment_service.h"
#include "server/adapters/grpc/evidence_service.h"
#include "server/adapters/grpc/fleet_service.h"
#include "server/adapters/grpc/flow_service.h"
#include "server/adapters/grpc/identity_service.h"
#include "server/adapters/grpc/join_service.h"
#include "server/adapters/grpc/profile_service.h"
#include "server/adapters/grpc/trust_service.h"
#include "server/adapters/http/web_server.h"
#include "server/adapters/join/plan_join_items.h"
#include "server/adapters/password/sodium_hasher.h"
#include "server/adapters/sql/sqlite_store.h"
#include "server/app/diagnostics_parts.h"
#include "server/app/flow_parts.h"
#include "server/app/grpc_ports.h"
#include "server/app/join_provider_from.h"
#include "server/app/profile_parts.h"
#include "server/app/trust_anchors.h"
#include "server/app/user_flow_parts.h"
#include "server/domain/trust/policy_text.h"
#include "server/service/evidence/evidence_archive.h"
#include "server/service/identity/crl_shelf.h"
#include "server/service/identity/renewal_office.h"
#include "server/service/trust/trust_desk.h"
#include "server/wire/evidence_codec.h"

namespace preseal::server {

namespace fs = std::filesystem;

fs::path DatabaseFile(const ServerConfig& config) { return config.state_dir / "preseal.sqlite"; }
fs::path CaFolder(const ServerConfig& config) { return config.state_dir / "ca"; }
fs::path PortsFile(const ServerConfig& config) { return config.state_dir / "ports.json"; }

namespace {

constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPublicFile = 0644;

// Copies the checked material to where gRPC watches. The key never changes under a running server.
// A server without a lab root refuses the lab's certificates, whoever issued them.
Status Publish(const CaStore& ca, const LiveTls& live, bool lab, WallTime now) {
  const CaFiles& files = ca.files();
  std::vector<crypto::Certificate> devices = ca.Trusted(Authority::kDevice, now);
  if (lab) {
    for (auto& root : ca.Trusted(Authority::kLab, now)) devices.push_back(std::move(root));
  }
  const std::string device_roots = crypto::ToPemBundle(devices);
  const std::string stations = crypto::ToPemBundle(ca.Trusted(Authority::kStation, now));
  RETURN_IF_ERROR(files::MakeDirectories(live.folder.string(), kPrivateFolder));
  ASSIGN_OR_RETURN(const Bytes key, files::Read(files.server.key.string(), kConfigBytesMax));
  ASSIGN_OR_RETURN(const Bytes certificate,
                   files::Read(files.server.certificate.string(), kConfigBytesMax));
  const struct {
    fs::path to;
    ByteView content;
    mode_t mode;
  } kFiles[] = {{live.key(), key, kPrivateFile},
                {live.certificate(), certificate, kPublicFile},
                {live.device_ca(), AsBytes(device_roots), kPublicFile},
                {live.station_ca(), AsBytes(stations), kPublicFile}};
  for (const auto& file : kFiles) {
    RETURN_IF_ERROR(files::WriteAtomic(file.to.string(), file.content, file.mode));
  }
  return OkStatus();
}

// A configured token that signs nothing would be believed to.
Status CheckDeviceKey(const CaStore& ca, const ServerConfig& config) {
  if (config.ca_device_key == ca.device_key_uri()) return OkStatus();
  if (config.ca_device_key.empty()) return OkStatus();
  return FailedPrecondition(
      "ca.device_key is not the key the device authority signs with: run preseal-server ca rotate "
      "device");
}

StatusOr<std::string> ReadText(const fs::path& path) {
  ASSIGN_OR_RETURN(const Bytes content, files::Read(path.string(), kConfigBytesMax));
  return ToString(ByteView(content));
}

std::string WebUrl(const ServerConfig& config, uint16_t port) {
  if (!config.public_url.empty()) return config.public_url;
  return fmt::format("https://{}:{}", config.public_names.front(), port);
}

}  // namespace

// In the order of construction; destroyed in reverse.
struct ServerApp::Parts {
  ServerConfig config;
  SystemClock clock;
  LiveTls live_tls;
  // Trust and files.
  std::unique_ptr<CaStore> ca;
  TrustBasis trust_seed;
  std::unique_ptr<BlobDirectory> blobs;
  // The store, and who hears of its changes.
  std::unique_ptr<ChangeFeed> feed;
  std::unique_ptr<SqliteStore> store;
  // Whose word counts, kept in the store.
  std::unique_ptr<TrustDesk> trust;
  // What devices are provisioned with.
  std::optional<ProfileParts> profiles;
  // Use cases.
  std::optional<SodiumHasher> hasher;
  std::optional<Accounts> accounts;
  std::optional<LiveDevices> live;
  RevocationMap revocations;
  std::optional<FlowParts> flows;
  std::unique_ptr<UserFlowParts> user_flow;  // needs the one before
  std::optional<DeviceImport> import;
  std::optional<IdentityOffice> identities;
  std::optional<AdmissionOffice> admission;
  ProtoEvidenceDecoder decoder;
  std::optional<RecordDesk> records;
  AdmissionGate gate{clock};
  std::optional<EvidenceOffice> evidence;
  ProtoRecordReader record_reader;
  std::optional<EvidenceArchive> archive;
  std::optional<Enrollment> enrollment;
  std::optional<CrlShelf> crls;
  std::optional<SealOffice> seals;
  std::optional<RenewalOffice> renewals;
  std::optional<DeviceSessions> sessions;
  // Computer accounts; without a provider every join is refused.
  PlanJoinItems join_plans;
  std::unique_ptr<JoinProvider> join_provider;
  std::optional<JoinDesk> joins;
  // Threads for handlers, then the services that post to them.
  std::optional<Workers> workers;
  std::optional<Workers> hashing;
  std::optional<Workers> joining;
  std::unique_ptr<DiagnosticsParts> diagnostics;
  std::optional<EnrollmentService> enrollment_service;
  std::optional<DeviceSessionService> device_service;
  std::optional<ArtifactService> artifact_service;
  std::optional<JoinService> join_service;
  std::optional<AuthService> auth_service;
  std::optional<FleetService> fleet_service;
  std::optional<FlowService> flow_service;
  std::optional<BatchService> batch_service;
  std::optional<TrustService> trust_service;
  std::optional<ProfileService> profile_service;
  std::optional<IdentityService> identity_service;
  std::optional<EvidenceService> evidence_service;
  // Ports, opened last.
  BuiltPort device_port;
  BuiltPort enrollment_port;
  BuiltPort api_port;
  std::unique_ptr<WebServer> web;
  std::atomic<bool> draining{false};

  Status OpenTrust();
  Status OpenStore();
  Status BuildUseCases();
  Status BuildServices();
  Status OpenGrpcPorts();
  Status OpenWebPort();
  Status WritePortsFile() const;
  crypto::Digest256 ServerLeaf() const;
};

Status ServerApp::Parts::OpenTrust() {
  ASSIGN_OR_RETURN(ca, CaStore::Load(CaFolder(config), config.public_url, config.device_life));
  RETURN_IF_ERROR(CheckDeviceKey(*ca, config));
  RETURN_IF_ERROR(CaStore::ValidateReload(CaFolder(config), clock.Now()));
  live_tls.folder = config.state_dir / "live-tls";
  RETURN_IF_ERROR(Publish(*ca, live_tls, !config.lab_root.empty(), clock.Now()));
  ASSIGN_OR_RETURN(trust_seed, LoadTrust(config));
  ASSIGN_OR_RETURN(blobs, BlobDirectory::Open(config.state_dir / "blobs"));
  return OkStatus();
}

Status ServerApp::Parts::OpenStore() {
  feed = std::make_unique<ChangeFeed>();
  ASSIGN_OR_RETURN(store, SqliteStore::Open(DatabaseFile(config).string(), &clock,
                                            SqliteStore::Mode::kMustExist));
  store->OnCommit([this](uint64_t) { feed->Changed(); });
  ASSIGN_OR_RETURN(trust, TrustDesk::Open(*store, *ca, clock, trust_seed));
  if (!trust->Current()->trust.lab_roots.empty()) {
    log::Warning("a lab root counts: virtual TPMs may enrol and are marked lab", {});
  }
  return OkStatus();
}

Status ServerApp::Parts::BuildUseCases() {
  profiles.emplace(*store, clock, *blobs, config);
  RETURN_IF_ERROR(profiles->Load(config));
  ASSIGN_OR_RETURN(hasher, SodiumHasher::Open());
  accounts.emplace(*store, clock, *hasher);
  live.emplace(clock);
  RETURN_IF_ERROR(revocations.Load(*store, clock.Now()));
  flows.emplace(*store, clock, *live, profiles->desk, config);
  ASSIGN_OR_RETURN(user_flow,
                   UserFlowParts::Open(*store, clock, *live, profiles->desk, *ca, *flows, config));
  import.emplace(*store, clock);
  identities.emplace(*store, clock, *live, revocations);
  admission.emplace(*store, clock);
  records.emplace(*store);
  evidence.emplace(*ca, PolicyCodec{PolicyText, ParsePolicyText}, config.organisation);
  archive.emplace(*store, *ca, record_reader);
  trust->set_trial(&*archive);
  enrollment.emplace(
      EnrollmentParts{*store, clock, decoder, *ca, *trust, *records, *evidence, gate});
  seals.emplace(*store, clock, decoder, *ca, config.organisation);
  crls.emplace(*store, clock, *ca);
  RETURN_IF_ERROR_CTX(crls->Refresh(), "make revocation lists");
  renewals.emplace(*store, clock, decoder, *ca);
  ASSIGN_OR_RETURN(join_provider, JoinProviderFrom(config));
  joins.emplace(*store, clock, join_plans, join_provider.get());
  sessions.emplace(
      *store, clock, *live, revocations, flows->flow, flows->dispatcher, flows->landing, *seals,
      *renewals,
      RequestDesks{
          .tokens = &flows->tokens, .actions = &flows->actions, .sign_in = &user_flow->sign_in()},
      SessionSettings{config.auto_start});
  return sessions->ForgetConnections();
}

Status ServerApp::Parts::BuildServices() {
  workers.emplace(kWorkerThreads, kWorkerQueueMax);
  hashing.emplace(kPasswordHashThreads, kPasswordHashQueueMax);
  enrollment_service.emplace(*enrollment, *workers, [this] { return ServerLeaf(); });
  artifact_service.emplace(*blobs, revocations, *workers);
  joining.emplace(kJoinThreads, kJoinQueueMax);
  join_service.emplace(*joins, revocations, *joining);
  auth_service.emplace(*accounts, *workers, *hashing, config.organisation);
  fleet_service.emplace(*store, *accounts, flows->flow, *import, flows->views, *feed, *workers,
                        clock);
  flow_service.emplace(FlowServiceParts{*store, *accounts, flows->commands, flows->edit,
                                        flows->report_handlers, flows->views, &user_flow->codes()},
                       *workers);
  batch_service.emplace(*store, *accounts, *feed, *workers);
  trust_service.emplace(*accounts, *trust, *workers);
  profile_service.emplace(ProfileServiceParts{*accounts, *store, profiles->documents,
                                              profiles->desk, profiles->format, *blobs},
                          *workers);
  identity_service.emplace(*accounts, *identities, *admission, *workers);
  evidence_service.emplace(*accounts, *archive, *workers);
  ASSIGN_OR_RETURN(diagnostics,
                   DiagnosticsParts::Open(*store, clock, *accounts, revocations, *workers, config));
  return OkStatus();
}

// Of the file that gRPC shows to new connections.
crypto::Digest256 ServerApp::Parts::ServerLeaf() const {
  const auto pem = ReadText(live_tls.certificate());
  if (!pem.ok()) return {};
  const auto bundle = crypto::ParsePemBundle(*pem);  // links to older server CAs follow
  return bundle.ok() ? bundle->front().fingerprint() : crypto::Digest256{};
}

Status ServerApp::Parts::OpenGrpcPorts() {
  // The web port's number stands in the QR codes the device service hands out, so the API and the
  // web come first; health and reflection belong to the API port only and are switched on for it.
  ASSIGN_OR_RETURN(enrollment_port, BuildPort(config.enrollment_port, live_tls,
                                              ClientCertificate::kStation, {&*enrollment_service}));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  ASSIGN_OR_RETURN(api_port,
                   BuildPort(config.api_port, live_tls, ClientCertificate::kNone,
                             {&*auth_service, &*fleet_service, &*flow_service, &*batch_service,
                              &*identity_service, &*trust_service, &*profile_service,
                              &*evidence_service, &diagnostics->reader()}));
  RETURN_IF_ERROR(OpenWebPort());
  device_service.emplace(*sessions, *workers, clock, WebUrl(config, web->port()) + "/devices/");
  ASSIGN_OR_RETURN(device_port, BuildPort(config.device_port, live_tls, ClientCertificate::kDevice,
                                          {&*device_service, &*artifact_service, &*join_service,
                                           &diagnostics->device_service()}));
  return OkStatus();
}

Status ServerApp::Parts::OpenWebPort() {
  WebServerOptions options;
  options.address = config.web_port.address;
  options.port = config.web_port.port;
  ASSIGN_OR_RETURN(options.certificate_chain_pem, ReadText(live_tls.certificate()));
  ASSIGN_OR_RETURN(options.private_key_pem, ReadText(live_tls.key()));
  options.channel = api_port.server->InProcessChannel(grpc::ChannelArguments());
  options.services = {
      "preseal.auth.v1.AuthService",         "preseal.fleet.v1.FleetService",
      "preseal.flow.v1.FlowService",         "preseal.batch.v1.BatchService",
      "preseal.identity.v1.IdentityService", "preseal.trust.v1.TrustService",
      "preseal.profile.v1.ProfileService",   "preseal.diagnostics.v1.DiagnosticsReaderService"};
  options.healthy = [this] { return !draining.load(); };
  options.revocation_list = [this](std::string_view name) { return crls->Find(name); };
  ASSIGN_OR_RETURN(web, WebServer::Start(std::move(options)));
  return OkStatus();
}

// For scripts that asked for free ports; written last, so that its presence means "ready".
Status ServerApp::Parts::WritePortsFile() const {
  const nlohmann::json ports = {{"device", device_port.port},
                                {"enrollment", enrollment_port.port},
                                {"api", api_port.port},
                                {"web", web->port()},
                                {"web_url", WebUrl(config, web->port())}};
  return files::WriteAtomic(PortsFile(config).string(), AsBytes(ports.dump(2) + "\n"), kPublicFile);
}

ServerApp::ServerApp(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ServerApp::~ServerApp() { Drain(); }

StatusOr<std::unique_ptr<ServerApp>> ServerApp::Start(const ServerConfig& config) {
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  Parts& p = *parts;
  // From here the destructor takes down whatever was built.
  auto app = std::unique_ptr<ServerApp>(new ServerApp(std::move(parts)));
  RETURN_IF_ERROR(files::RemoveTree(PortsFile(config).string()));
  RETURN_IF_ERROR(p.OpenTrust());
  RETURN_IF_ERROR(p.OpenStore());
  RETURN_IF_ERROR(p.BuildUseCases());
  RETURN_IF_ERROR(p.BuildServices());
  RETURN_IF_ERROR(p.OpenGrpcPorts());
  RETURN_IF_ERROR(p.WritePortsFile());
  log::Info("server ready", {{"device_port", p.device_port.port},
                             {"enrollment_port", p.enrollment_port.port},
                             {"api_port", p.api_port.port},
                             {"web", WebUrl(config, p.web->port())}});
  return app;
}

void ServerApp::Tick() {
  parts_->sessions->Tick();
  parts_->flows->deadlines.Tick();
  parts_->user_flow->Tick();
  parts_->identities->Tick();
  parts_->crls->Tick();
  parts_->diagnostics->Tick();
}

Status ServerApp::Reload() {
  Parts& p = *parts_;
  const CaFiles& files = p.ca->files();
  RETURN_IF_ERROR(CaStore::ValidateReload(CaFolder(p.config), p.clock.Now()));
  ASSIGN_OR_RETURN(const std::string new_key, ReadText(files.server.key));
  ASSIGN_OR_RETURN(const std::string live_key, ReadText(p.live_tls.key()));
  if (new_key != live_key) {
    return FailedPrecondition("the server's key changed: a new key needs a restart");
  }
  ASSIGN_OR_RETURN(const std::string certificate, ReadText(files.server.certificate));
  RETURN_IF_ERROR(p.web->ReloadCertificate(certificate, new_key));
  RETURN_IF_ERROR(p.ca->Reload());
  RETURN_IF_ERROR_CTX(p.crls->Refresh(), "make revocation lists");
  return Publish(*p.ca, p.live_tls, !p.config.lab_root.empty(), p.clock.Now());
}

void ServerApp::Drain() {
  Parts& p = *parts_;
  if (p.draining.exchange(true)) return;
  const auto deadline = std::chrono::steady_clock::now() + kDrainWithin;
  const auto wall_deadline = std::chrono::system_clock::now() + kDrainWithin;
  if (p.web) p.web->Drain();
  if (p.feed) p.feed->Stop();
  if (p.live) p.live->EndAll(Unavailable("the server is draining: reconnect"));
  if (p.joins) p.joins->Stop();
  for (BuiltPort* port : {&p.device_port, &p.enrollment_port, &p.api_port}) {
    if (port->server) port->server->Shutdown(wall_deadline);
  }
  if (p.web) p.web->Shutdown(deadline);
  if (p.workers) p.workers->Stop();
  if (p.hashing) p.hashing->Stop();
  if (p.joining) p.joining->Stop();
  if (p.user_flow) p.user_flow->Stop();
  if (p.store) p.store->Close();
  // Gone before the workers and services they call into.
  p.web.reset();
  p.device_port.server.reset();
  p.enrollment_port.server.reset();
  p.api_port.server.reset();
  log::Info("server stopped", {});
}

}  // namespace preseal::server
