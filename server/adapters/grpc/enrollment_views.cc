// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/enrollment_views.h"

namespace preseal::server {

namespace ev1 = enrollment::v1;

void ToProto(const AdmissionFacts& facts, ev1::Admission* out) {
  out->set_device_id(facts.device_id.text());
  out->set_certificate(ToString(facts.certificate.der));
  for (const Bytes& der : facts.certificate.chain) out->add_certificate_chain(ToString(der));
  out->set_lab(facts.lab);
  out->set_quarantined(facts.quarantined);
}

void ToProto(const RefusalFacts& facts, ev1::Refusal* out) {
  const RefusalInfo* info = InfoOf(facts.code);
  out->set_code(std::string(info->name));
  out->set_message(std::string(info->message));
  out->set_remedy(std::string(info->remedy));
  out->set_retry_allowed(info->retry_allowed);
  out->set_seen(facts.seen);
  out->set_expected(facts.expected);
  out->set_attempts_left(facts.attempts_left);
}

}  // namespace preseal::server
