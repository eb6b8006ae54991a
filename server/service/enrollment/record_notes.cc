// SPDX-License-Identifier: Apache-2.0
// RecordDesk: what an enrolment leaves beside the record: golden values, certificates.
#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "server/service/enrollment/record_desk.h"

namespace preseal::server {
namespace {

// By bank and PCR, so that equal values have equal digests.
std::vector<tpmwire::PcrValue> InOrder(std::vector<tpmwire::PcrValue> values) {
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
    return std::pair(a.hash_algorithm, a.index) < std::pair(b.hash_algorithm, b.index);
  });
  return values;
}

Bytes DigestOf(const std::vector<tpmwire::PcrValue>& values) {
  Bytes text;
  for (const tpmwire::PcrValue& value : values) {
    for (const uint32_t number :
         {uint32_t{value.hash_algorithm}, value.index, static_cast<uint32_t>(value.value.size())}) {
      for (int shift = 24; shift >= 0; shift -= 8) {
        text.push_back(static_cast<uint8_t>(number >> shift));
      }
    }
    text.insert(text.end(), value.value.begin(), value.value.end());
  }
  const auto digest = crypto::Sha256(text);
  return Bytes(digest.begin(), digest.end());
}

}  // namespace

Status RecordDesk::NoteUnlearned(Tx& tx, const std::vector<tpmwire::PcrValue>& values, WallTime now,
                                 const Device& device) {
  if (values.empty() || values.size() > kPcrValuesMax) return OkStatus();
  GoldenRow row{.manufacturer = device.manufacturer,
                .model = device.model,
                .proposer = device.id,
                .create_time = now,
                .values = InOrder(values)};
  row.values_sha256 = DigestOf(row.values);
  ASSIGN_OR_RETURN(const auto known, tx.goldens.Goldens(device.manufacturer, device.model));
  int waiting = 0;
  for (const GoldenRow& other : known) {
    if (other.state == GoldenState::kRetired) continue;
    if (other.values_sha256 == row.values_sha256) return OkStatus();
    if (other.state == GoldenState::kProposed) ++waiting;
  }
  if (waiting >= kGoldenProposalsMax) return OkStatus();
  return tx.goldens.InsertGolden(&row);
}

Status RecordDesk::NoteIssued(Tx& tx, ByteView certificate_der, WallTime now, Device* device) {
  ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromDer(certificate_der));
  const auto sha256 = certificate.fingerprint();
  device->certificate_sha256 = Bytes(sha256.begin(), sha256.end());
  return tx.certificates.InsertCertificate({.serial_hex = certificate.serial_hex(),
                                            .device = device->id,
                                            .sha256 = device->certificate_sha256,
                                            .not_before = certificate.not_before(),
                                            .not_after = certificate.not_after(),
                                            .issue_time = now});
}

}  // namespace preseal::server
