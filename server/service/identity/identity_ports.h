// SPDX-License-Identifier: Apache-2.0
// What the use cases need of a store about identities: which TPM belongs to which record, which
// keys and certificates there were, what people approved. Errors as in ports.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "common/tpmwire/pcr.h"

namespace preseal::server {

// A TPM that a record had or has. Digests are SHA-256.
struct DeviceIdentity {
  DeviceId device;
  Bytes ek_spki_sha256;         // 32 bytes
  Bytes ek_certificate_sha256;  // of the DER; empty without one
  WallTime start_time;
  std::optional<WallTime> end_time;     // absent: the present one
  std::optional<uint32_t> reset_count;  // of the last accepted quote
  std::string approver;                 // of the change to it; empty for a record's first
  std::string reason;
  std::string note;
  std::string end_actor;  // who ended it
  std::string end_reason;
};

// Values are stored; never renumber.
enum class ProposalKind {
  kRebind = 1,  // another TPM showed up for a record that has one
  kVouch = 2,   // a TPM that only an order code speaks for
};

// A TPM that showed up for a record and waits for a person, or was approved by one.
struct EkProposal {
  DeviceId device;
  ProposalKind kind = ProposalKind::kRebind;
  Bytes ek_spki_sha256;
  Bytes ek_certificate_sha256;   // empty without one
  std::string tpm_manufacturer;  // as its certificate or the device says: not proved
  std::string tpm_model;
  std::string code;        // the refusal it met
  std::string order_code;  // id of the code it gave; kVouch only
  WallTime first_time;
  WallTime last_time;
  std::string approver;  // empty: nobody yet
  std::string reason;
  std::string note;
  std::optional<WallTime> approve_time;
  std::optional<WallTime> use_time;  // an enrolment made use of the approval
};

// Values are stored; never renumber.
enum class SeenKeyKind { kAttestationKey = 1, kDeviceKey = 2 };

class IdentityStore {
 public:
  virtual ~IdentityStore() = default;
  // AlreadyExists: the record has a present one.
  virtual Status OpenIdentity(const DeviceIdentity& identity) = 0;
  // Ends the present one; nothing if there is none.
  virtual Status CloseIdentity(const DeviceId& device, WallTime now, std::string_view actor,
                               std::string_view reason) = 0;
  // Notes the reset count of the present one. Internal: there is none.
  virtual Status SetResetCount(const DeviceId& device, uint32_t reset_count) = 0;
  virtual StatusOr<std::vector<DeviceIdentity>> Identities(const DeviceId& device) = 0;  // oldest
                                                                                         // first
  // Inserts or replaces by (device, kind, EK); keeps the newest kEkProposalsMax of a kind, and
  // approved ones.
  virtual Status PutProposal(const EkProposal& proposal) = 0;
  // Of both kinds, newest first.
  virtual StatusOr<std::vector<EkProposal>> Proposals(const DeviceId& device) = 0;
  // Remembers the first device that showed a key; a later call changes nothing.
  virtual Status SeeKey(SeenKeyKind kind, ByteView sha256, const DeviceId& device,
                        WallTime now) = 0;
  virtual StatusOr<DeviceId> DeviceOfKey(SeenKeyKind kind, ByteView sha256) = 0;  // NotFound
};

struct DeviceCertificate {
  std::string serial_hex;  // crypto::Certificate::serial_hex
  DeviceId device;
  Bytes sha256;  // of the DER
  WallTime not_before;
  WallTime not_after;
  WallTime issue_time;
  std::optional<WallTime> confirm_time;  // first used on the device port
  std::optional<WallTime> revoke_time;
  std::string revoke_reason;
};

class CertificateStore {
 public:
  virtual ~CertificateStore() = default;
  virtual Status InsertCertificate(const DeviceCertificate& certificate) = 0;  // AlreadyExists
  // Writes confirm_time, revoke_time and revoke_reason.
  virtual Status UpdateCertificate(const DeviceCertificate& certificate) = 0;
  virtual StatusOr<DeviceCertificate> FindCertificate(ByteView sha256) = 0;  // NotFound
  // Oldest first.
  virtual StatusOr<std::vector<DeviceCertificate>> CertificatesOf(const DeviceId& device) = 0;
  // Issued before `before`, neither confirmed nor revoked, and the present one of its device: a
  // renewed one may wait until a device that was switched off comes back.
  virtual StatusOr<std::vector<DeviceCertificate>> Unconfirmed(WallTime before, int limit) = 0;
  // Revoked and not expired at `now`, newest revocation first.
  virtual StatusOr<std::vector<DeviceCertificate>> Revoked(WallTime now, int limit) = 0;
};

// An endorsement key on an order's list.
struct ListedEk {
  Bytes ek_spki_sha256;
  BatchId batch;       // empty: good for every batch
  std::string source;  // file it came from
  WallTime create_time;
  std::string actor;
};

struct OrderCode {
  std::string code_id;  // public part
  Bytes secret_sha256;  // 32 bytes
  BatchId batch;
  uint32_t uses = 1;
  uint32_t uses_left = 1;
  WallTime create_time;
  WallTime expire_time;
  std::string actor;
  bool revoked = false;
};

class AdmissionStore {
 public:
  virtual ~AdmissionStore() = default;
  // True if it was not on that list yet.
  virtual StatusOr<bool> ListEk(const ListedEk& ek) = 0;
  // Takes `ek` off the list of `batch`, or all of them if it is empty; how many.
  virtual StatusOr<int64_t> UnlistEks(const BatchId& batch, ByteView ek_spki_sha256) = 0;
  // On the list of `batch` or on the one for every batch.
  virtual StatusOr<bool> IsListed(ByteView ek_spki_sha256, const BatchId& batch) = 0;
  // Of one list, by key, after `after` (empty: from the start).
  virtual StatusOr<std::vector<ListedEk>> ListedEks(const BatchId& batch, ByteView after,
                                                    int limit) = 0;
  virtual StatusOr<int64_t> CountListedEks() = 0;
  virtual Status PutOrderCode(const OrderCode& code) = 0;                   // insert or replace
  virtual StatusOr<OrderCode> FindOrderCode(std::string_view code_id) = 0;  // NotFound
  virtual StatusOr<std::vector<OrderCode>> OrderCodes() = 0;                // newest first
};

// Values are stored; never renumber.
enum class GoldenState { kProposed = 1, kApproved = 2, kRetired = 3 };

// The PCR values of one model's boot, proposed by a device and approved by two people.
struct GoldenRow {
  uint64_t number = 0;  // set by the store
  std::string manufacturer;
  std::string model;
  GoldenState state = GoldenState::kProposed;
  DeviceId proposer;
  WallTime create_time;
  std::string first_approver;  // empty: nobody yet
  std::optional<WallTime> first_approve_time;
  std::string second_approver;
  std::optional<WallTime> second_approve_time;
  std::string retire_actor;
  std::optional<WallTime> retire_time;
  Bytes values_sha256;                    // of `values` in their order: tells variants apart
  std::vector<tpmwire::PcrValue> values;  // by bank and PCR
};

class GoldenStore {
 public:
  virtual ~GoldenStore() = default;
  virtual Status InsertGolden(GoldenRow* row) = 0;             // gives it its number
  virtual Status UpdateGolden(const GoldenRow& row) = 0;       // state, approvers, retirement
  virtual StatusOr<GoldenRow> GetGolden(uint64_t number) = 0;  // NotFound
  // Of one model, compared without case, oldest first; of all models if both are empty.
  virtual StatusOr<std::vector<GoldenRow>> Goldens(std::string_view manufacturer,
                                                   std::string_view model) = 0;
};

}  // namespace preseal::server
