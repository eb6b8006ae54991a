// SPDX-License-Identifier: Apache-2.0
// What the use cases need of a store. One SQL schema implements them all; each port stays small.
//
// Every method is called inside Store::Write or Store::Read, on one thread at a time per
// transaction, and returns:
//   NotFound           no such row (Get and Find only)
//   AlreadyExists      a uniqueness rule was broken
//   ResourceExhausted  disk full
//   DataLoss           the database is damaged
//   Unavailable        the store is closed or its queue is full
//   Internal           anything else, a bug
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/command.h"
#include "server/domain/device.h"
#include "server/domain/device_state.h"
#include "server/domain/progress.h"
#include "server/domain/reports/device_history.h"
#include "server/service/evidence/evidence_ports.h"
#include "server/service/identity/identity_ports.h"
#include "server/service/profile/document_ports.h"
#include "server/service/trust/trust_ports.h"
#include "server/service/user_flow/user_flow_ports.h"

namespace preseal::server {

struct DeviceFilter {
  std::optional<BatchId> batch;
  std::vector<DeviceState> states;  // empty: all
  std::string query;                // part of serial, id or slot, case-insensitive; empty: all
};

class DeviceStore {
 public:
  virtual ~DeviceStore() = default;
  virtual StatusOr<Device> Get(const DeviceId& id) = 0;
  // Serial numbers are unique and compared without case.
  virtual StatusOr<Device> FindBySerial(std::string_view serial) = 0;
  virtual StatusOr<Device> FindByEk(ByteView ek_spki_sha256) = 0;
  // Gives `device` its id (D-1001 upwards) and revision. AlreadyExists: serial taken.
  virtual Status Insert(Device* device) = 0;
  // Writes the whole record under a new revision, which it stores in `device`.
  virtual Status Put(Device* device) = 0;
  // By id, ascending, after `after` (none: from the start).
  virtual StatusOr<std::vector<Device>> List(const DeviceFilter& filter,
                                             std::optional<DeviceId> after, int limit) = 0;
  // Records with revision > cursor, by revision, ascending.
  virtual StatusOr<std::vector<Device>> ChangedSince(uint64_t cursor, const DeviceFilter& filter,
                                                     int limit) = 0;
  // Records with this contact state in one of `states` (none: any); for start-up and the silence
  // watch.
  virtual StatusOr<std::vector<Device>> WithContact(ContactState contact,
                                                    const std::vector<DeviceState>& states) = 0;
  // The newest kDeviceMarksMax changes, in the order they were written; each begins with the record
  // of that moment. A silence is noted late, so its time may lie before that of an earlier mark.
  virtual StatusOr<std::vector<DeviceMark>> Marks(const DeviceId& id) = 0;
};

struct Batch {
  BatchId id;
  WallTime create_time;
  std::vector<std::pair<DeviceState, int>> counts;  // states with devices, in lifecycle order
  int silent = 0;
  int refused = 0;  // of the FAILED: never enrolled, their attestation was refused
  std::optional<WallTime> update_time;  // latest state change of one of its devices
};

class BatchStore {
 public:
  virtual ~BatchStore() = default;
  virtual Status EnsureBatch(const BatchId& id, WallTime now) = 0;
  virtual StatusOr<Batch> GetBatch(const BatchId& id) = 0;
  // By id, ascending; only those in `visible` when it is given.
  virtual StatusOr<std::vector<Batch>> ListBatches(
      const std::optional<std::vector<BatchId>>& visible, std::optional<BatchId> after,
      int limit) = 0;
};

class RunStore {
 public:
  virtual ~RunStore() = default;
  // Inserts the run and its items in this order. AlreadyExists: run id taken.
  virtual Status InsertRun(const Run& run, std::span<const Item> items) = 0;
  virtual StatusOr<Run> GetRun(const RunId& id) = 0;  // NotFound
  // Writes what changes while it goes on: outcome, end_time, event_count, timed_out, continued,
  // held, device_run_time, limit and wait.
  virtual Status UpdateRun(const Run& run) = 0;
  // Oldest first, without `plan`.
  virtual StatusOr<std::vector<Run>> ListRuns(const DeviceId& device) = 0;
  // Those without an outcome, oldest first, without `plan`.
  virtual StatusOr<std::vector<Run>> RunningRuns() = 0;
  // Device preparation items live under attempt 0, which has no run.
  virtual StatusOr<std::vector<Item>> Items(const DeviceId& device, uint32_t attempt) = 0;
  // Inserts or replaces by (device, attempt, item id); a new one goes to the end.
  virtual Status PutItem(const DeviceId& device, uint32_t attempt, const Item& item) = 0;
};

struct JournalRow {
  uint64_t sequence = 0;
  WallTime receive_time;
  std::string kind;
  std::string item_id;
  std::string text;
};

// An event as it came, and when.
struct JournalContent {
  uint64_t sequence = 0;
  WallTime receive_time;
  Bytes content;  // Event::content
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  // Appends consecutive events of one run. AlreadyExists: a sequence is taken.
  virtual Status Append(const RunId& run, std::span<const Event> events, WallTime now) = 0;
  // SHA-256 of the stored Event::content. NotFound.
  virtual StatusOr<Bytes> DigestOf(const RunId& run, uint64_t sequence) = 0;
  // By sequence, ascending, from after + 1.
  virtual StatusOr<std::vector<JournalRow>> List(const RunId& run, uint64_t after, int limit) = 0;
  // The same without log lines, which are most of a journal, as the events came.
  virtual StatusOr<std::vector<JournalContent>> Contents(const RunId& run, uint64_t after,
                                                         int limit) = 0;
};

class CommandStore {
 public:
  virtual ~CommandStore() = default;
  virtual Status InsertCommand(const Command& command) = 0;
  virtual StatusOr<Command> GetCommand(const CommandId& id) = 0;
  // Writes state, code, message, update_time and seal_step.
  virtual Status UpdateCommand(const Command& command) = 0;
  // Not yet VERIFIED or FAILED, oldest first.
  virtual StatusOr<std::vector<Command>> OpenCommands(const DeviceId& device) = 0;
  // For request_id, within kRequestIdLife. NotFound.
  virtual StatusOr<Command> FindCommand(const DeviceId& device, std::string_view actor,
                                        std::string_view request_id, WallTime now) = 0;
};

// One attestation as it happened: every byte needed to judge it again.
struct AttestationRecord {
  DeviceId device_id;
  WallTime decide_time;
  bool accepted = false;
  std::string refusal_code;
  bool lab = false;
  Bytes challenge;   // S0
  Bytes evidence;    // D1
  Bytes credential;  // S2, empty if refused before
  Bytes proof;       // D3, likewise
  Bytes server_leaf_sha256;
  Bytes certify_qualifying_data;
  Bytes quote_qualifying_data;
  Bytes certificate;      // DER, empty if refused
  std::string findings;   // JSON, docs/formats.md "Attestation findings"
  Bytes evidence_sha256;  // over the parts above, docs/formats.md "Evidence digest"
};

class EvidenceStore : public EvidenceChain {
 public:
  // Keeps the newest kAttestationsKeptMax per device, and always the latest accepted one.
  virtual Status PutAttestation(const AttestationRecord& record) = 0;
  virtual StatusOr<AttestationRecord> LatestAttestation(const DeviceId& device) = 0;
  virtual StatusOr<AttestationRecord> LatestAccepted(const DeviceId& device) = 0;
  virtual Status PutBirthCertificate(const DeviceId& device, std::string_view jws,
                                     WallTime now) = 0;
  virtual StatusOr<std::string> BirthCertificate(const DeviceId& device) = 0;  // the newest
};

// Values are stored and equal preseal.auth.v1.Role; never renumber.
enum class Role { kOperator = 1, kLead = 2, kAdmin = 3, kReseller = 4, kAuditor = 5 };

struct User {
  std::string username;
  Role role = Role::kOperator;
  std::string password_hash;  // libsodium crypto_pwhash_str text
  bool one_time = false;      // the password must be changed at the first login
  int failures = 0;           // logins refused since failure_window_start
  std::optional<WallTime> failure_window_start;
};

// A browser's or command line's session. The token itself is never stored.
struct Session {
  Bytes token_sha256;  // 32 bytes
  std::string username;
  WallTime create_time;
  WallTime expire_time;
};

struct ApiToken {
  std::string token_id;  // public part
  Bytes secret_sha256;   // 32 bytes
  std::string display_name;
  Role role = Role::kReseller;
  std::vector<BatchId> batches;
  WallTime create_time;
  WallTime expire_time;
  std::optional<WallTime> last_use_time;
  bool revoked = false;
};

class AccountStore {
 public:
  virtual ~AccountStore() = default;
  virtual StatusOr<User> GetUser(std::string_view username) = 0;
  virtual Status PutUser(const User& user) = 0;           // insert or replace
  virtual Status PutSession(const Session& session) = 0;  // also drops expired ones
  virtual StatusOr<Session> FindSession(ByteView token_sha256) = 0;
  virtual Status DropSession(ByteView token_sha256) = 0;
  virtual Status PutToken(const ApiToken& token) = 0;  // insert or replace
  virtual StatusOr<ApiToken> FindToken(std::string_view token_id) = 0;
  virtual StatusOr<std::vector<ApiToken>> ListTokens() = 0;
};

// Who did what, append-only, each row chained to the one before by SHA-256.
struct AuditRow {
  WallTime time;
  std::string actor;
  std::string action;   // "device.reseal"
  std::string subject;  // "devices/D-1042"
  std::string detail;
};

class AuditLog {
 public:
  virtual ~AuditLog() = default;
  virtual Status Record(const AuditRow& row) = 0;
  // DataLoss names the first row whose chain does not fit.
  virtual Status VerifyChain() = 0;
};

// The stores as one transaction sees them. Valid only during the job it was handed to.
struct Tx {
  DeviceStore& devices;
  BatchStore& batches;
  RunStore& runs;
  EventLog& events;
  CommandStore& commands;
  EvidenceStore& evidence;
  AccountStore& accounts;
  AuditLog& audit;
  IdentityStore& identities;
  CertificateStore& certificates;
  AdmissionStore& admission;
  GoldenStore& goldens;
  TrustStore& trust;
  DocumentStore& documents;
  NameStore& names;
  UserFlowStore& user_flow;
};

// The store. Thread-safe.
class Store {
 public:
  using Job = std::function<Status(Tx&)>;
  using Done = std::function<void(const Status&)>;

  virtual ~Store() = default;
  // Runs `job` on the one writer thread, several jobs to a durable transaction (group commit). A
  // job that returns an error is rolled back alone. `done` is called on the writer thread, after
  // the commit that made it durable or with the reason it is not; it must not block and may call
  // Write again. With a full queue `done` gets ResourceExhausted on the caller's thread.
  virtual void Write(Job job, Done done) = 0;
  // Runs `job` on the calling thread against the last committed state. Writing is an error.
  virtual Status Read(const Job& job) = 0;
  // Called on the writer thread after each commit that changed devices, with the newest revision.
  virtual void OnCommit(std::function<void(uint64_t revision)> listener) = 0;

  // Write, and wait for it. Not on the writer thread.
  Status WriteAndWait(Job job);
};

}  // namespace preseal::server
