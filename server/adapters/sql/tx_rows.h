// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.h"
#include "common/sql/connection.h"
#include "server/adapters/sql/account_rows.h"
#include "server/adapters/sql/admission_rows.h"
#include "server/adapters/sql/audit_rows.h"
#include "server/adapters/sql/batch_rows.h"
#include "server/adapters/sql/certificate_rows.h"
#include "server/adapters/sql/command_rows.h"
#include "server/adapters/sql/device_rows.h"
#include "server/adapters/sql/document_rows.h"
#include "server/adapters/sql/event_rows.h"
#include "server/adapters/sql/evidence_rows.h"
#include "server/adapters/sql/golden_rows.h"
#include "server/adapters/sql/identity_rows.h"
#include "server/adapters/sql/run_rows.h"
#include "server/adapters/sql/trust_rows.h"
#include "server/adapters/sql/user_flow_rows.h"

namespace preseal::server {

// Every store on one connection, as a job sees them. Not thread-safe.
class TxRows {
 public:
  TxRows(sql::Connection* connection, const Clock* clock)
      : devices_(connection),
        batches_(connection),
        runs_(connection),
        events_(connection),
        commands_(connection),
        evidence_(connection),
        accounts_(connection, clock),
        audit_(connection),
        identities_(connection),
        certificates_(connection),
        admission_(connection),
        goldens_(connection),
        trust_(connection),
        documents_(connection),
        names_(connection),
        user_flow_(connection) {}
  TxRows(const TxRows&) = delete;
  TxRows& operator=(const TxRows&) = delete;

  // Calls `job`; an exception out of it is Internal.
  Status Run(const Store::Job& job);
  uint64_t TakeRevision() { return devices_.TakeRevision(); }

 private:
  DeviceRows devices_;
  BatchRows batches_;
  RunRows runs_;
  EventRows events_;
  CommandRows commands_;
  EvidenceRows evidence_;
  AccountRows accounts_;
  AuditRows audit_;
  IdentityRows identities_;
  CertificateRows certificates_;
  AdmissionRows admission_;
  GoldenRows goldens_;
  TrustRows trust_;
  DocumentRows documents_;
  NameRows names_;
  UserFlowRows user_flow_;
  Tx tx_{devices_,  batches_,   runs_,       events_,       commands_,  evidence_,
         accounts_, audit_,     identities_, certificates_, admission_, goldens_,
         trust_,    documents_, names_,      user_flow_};
};

}  // namespace preseal::server
