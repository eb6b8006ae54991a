// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/flow/flow_reports.h"
#include "server/service/ports.h"

namespace preseal::server {

// Signs service records with the seal key. Thread-safe.
class ServiceRecordSigner {
 public:
  virtual ~ServiceRecordSigner() = default;
  // Compact JWS (ES256, x5c) of crypto::kServiceRecordType. InvalidArgument: too large.
  virtual StatusOr<std::string> SignServiceRecord(std::string_view payload_json) const = 0;
};

// Makes the record of every device that has come into service: what its user flow found and added,
// signed like a birth certificate. The store says which are due, so none is lost to a power cut and
// every way into service counts. Thread-safe.
class ServiceRecordOffice {
 public:
  ServiceRecordOffice(Store& store, const Clock& clock, const FlowReports& reports,
                      const ServiceRecordSigner& signer, std::string issuer)
      : store_(store),
        clock_(clock),
        reports_(reports),
        signer_(signer),
        issuer_(std::move(issuer)) {}

  // Every second: at most kServiceRecordsPerTick. Does not block on the writer.
  void Tick();

 private:
  Status Make(Tx& tx, const RunId& id) const;
  void NoteFailure(const RunId& id, const Status& status);

  Store& store_;
  const Clock& clock_;
  const FlowReports& reports_;
  const ServiceRecordSigner& signer_;
  const std::string issuer_;
  Guarded<std::string> last_failure_;  // said once, not every second
};

}  // namespace preseal::server
