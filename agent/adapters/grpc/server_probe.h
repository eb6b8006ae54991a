// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/status/status.h"

namespace preseal::agent {

// gRPC calls a server that is not there, one whose certificate we refuse and one that refuses ours
// UNAVAILABLE alike. This connects once more and looks which it is, without our certificate and
// without any data. Blocks for some seconds at most. Thread-safe.
class ServerProbe {
 public:
  // `endpoint`: host:port. `ca_pem`: bundle whose certificates alone are trusted.
  ServerProbe(std::string endpoint, std::string ca_pem)
      : endpoint_(std::move(endpoint)), ca_pem_(std::move(ca_pem)) {}

  // OK: a server is there whose certificate is good; its name is not looked at.
  // Unavailable: nothing accepts connections there, or it does not speak TLS.
  // FailedPrecondition: by this device's clock the server's certificate is not valid at present;
  // the message, for a technician, names both and what to do. PermissionDenied: the certificate is
  // refused for another reason, which the message names.
  Status Look() const;
  // `ended`, or what Look says of the clock if `ended` is Unavailable for that reason; Unavailable
  // too, because it passes once the clock is set.
  Status Explain(Status ended) const;

 private:
  std::string endpoint_;
  std::string ca_pem_;
};

}  // namespace preseal::agent
