// SPDX-License-Identifier: Apache-2.0
// The TPM as a whole: opening it, its properties, its PCRs. Keys are in tpm_keys.cc and
// tpm_activation.cc.
#include "agent/adapters/tpm/tpm.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/endorsement.h"
#include "agent/adapters/tpm/wire.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr uint32_t kTcgHandleFirst = 0x81000000;
constexpr uint32_t kTcgHandleLast = 0x8102FFFF;
constexpr uint32_t kOwnerHandleLast = 0x817FFFFF;
constexpr size_t kNvStepDefault = 512;  // every TPM of a PC reads at least that at once
// One command on chips that do not page; what is of use lies within.
constexpr uint32_t kPropertiesAsked = 64;

Status CheckOptions(const TpmOptions& options) {
  if (options.device_key_handle <= kTcgHandleLast ||
      options.device_key_handle > kOwnerHandleLast - kDeviceKeyHandlesMax) {
    return InvalidArgument(fmt::format(
        "device key handle {:#010x} is not the owner's: {:#010x} to {:#010x} are",
        options.device_key_handle, kTcgHandleLast + 1, kOwnerHandleLast - kDeviceKeyHandlesMax));
  }
  const auto& kinds = tpmwire::EkKinds();
  const bool known = std::any_of(kinds.begin(), kinds.end(), [&options](const auto& kind) {
    return options.ek_kind == kind.name;
  });
  if (!options.ek_kind.empty() && !known) {
    return InvalidArgument("no endorsement key kind named " + options.ek_kind);
  }
  return OkStatus();
}

void AppendText(uint32_t value, std::string* text) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    const char c = static_cast<char>(value >> shift & 0xFF);
    if (c != '\0') text->push_back(c);
  }
}

void Take(const TPMS_TAGGED_PROPERTY& tagged, TpmProperties* properties, size_t* nv_step) {
  switch (tagged.property) {
    case TPM2_PT_MANUFACTURER:
      properties->manufacturer = tagged.value;
      break;
    case TPM2_PT_VENDOR_STRING_1:
    case TPM2_PT_VENDOR_STRING_2:
    case TPM2_PT_VENDOR_STRING_3:
    case TPM2_PT_VENDOR_STRING_4:
      AppendText(tagged.value, &properties->vendor_string);
      break;
    case TPM2_PT_FIRMWARE_VERSION_1:
      properties->firmware_version |= static_cast<uint64_t>(tagged.value) << 32;
      break;
    case TPM2_PT_FIRMWARE_VERSION_2:
      properties->firmware_version |= tagged.value;
      break;
    case TPM2_PT_REVISION:
      properties->spec_revision = tagged.value;
      break;
    case TPM2_PT_NV_BUFFER_MAX:
      *nv_step = tagged.value;
      break;
    default:
      break;
  }
}

Status ReadPropertiesIn(Link& link, TpmProperties* properties, size_t* nv_step) {
  *properties = {};
  TPMI_YES_NO more = TPM2_YES;
  for (uint32_t from = TPM2_PT_FIXED; more == TPM2_YES && from <= TPM2_PT_NV_BUFFER_MAX;) {
    TPMS_CAPABILITY_DATA* data = nullptr;
    const TSS2_RC rc =
        Esys_GetCapability(link.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                           TPM2_CAP_TPM_PROPERTIES, from, kPropertiesAsked, &more, &data);
    const EsysPtr<TPMS_CAPABILITY_DATA> owner(data);
    RETURN_IF_ERROR(link.Check(rc, "read TPM properties"));
    const TPML_TAGGED_TPM_PROPERTY& list = data->data.tpmProperties;
    if (list.count == 0 || list.tpmProperty[list.count - 1].property < from) break;
    for (uint32_t i = 0; i < list.count; ++i) Take(list.tpmProperty[i], properties, nv_step);
    from = list.tpmProperty[list.count - 1].property + 1;
  }
  std::string& text = properties->vendor_string;
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  text.erase(text.find_last_not_of(' ') + 1);
  return OkStatus();
}

bool IsEmpty(const TPML_PCR_SELECTION& selection) {
  for (uint32_t bank = 0; bank < selection.count; ++bank) {
    for (const uint8_t bits : selection.pcrSelections[bank].pcrSelect) {
      if (bits != 0) return false;
    }
  }
  return true;
}

// Moves the values of one round, which are in selection order, into `values`, and takes their bits
// out of `wanted`.
Status TakeRound(const TPML_PCR_SELECTION& got, const TPML_DIGEST& digests,
                 TPML_PCR_SELECTION* wanted, std::vector<tpmwire::PcrValue>* values) {
  uint32_t next = 0;
  for (uint32_t bank = 0; bank < got.count; ++bank) {
    const TPMS_PCR_SELECTION& selection = got.pcrSelections[bank];
    for (uint32_t pcr = 0; pcr < selection.sizeofSelect * 8u; ++pcr) {
      const auto bit = static_cast<uint8_t>(1u << pcr % 8);
      if ((selection.pcrSelect[pcr / 8] & bit) == 0) continue;
      if (next >= digests.count) return DataLoss("read PCRs: TPM gave fewer values than it names");
      const TPM2B_DIGEST& digest = digests.digests[next++];
      values->push_back({selection.hash, pcr, Bytes(digest.buffer, digest.buffer + digest.size)});
      for (uint32_t i = 0; i < wanted->count; ++i) {
        TPMS_PCR_SELECTION& left = wanted->pcrSelections[i];
        if (left.hash == selection.hash) left.pcrSelect[pcr / 8] &= static_cast<uint8_t>(~bit);
      }
    }
  }
  return OkStatus();
}

Status ReadPcrsIn(Link& link, TPML_PCR_SELECTION wanted, std::vector<tpmwire::PcrValue>* values) {
  values->clear();
  for (int round = 0; !IsEmpty(wanted) && round < kPcrReadRoundsMax; ++round) {
    TPML_PCR_SELECTION* got = nullptr;
    TPML_DIGEST* digests = nullptr;
    const TSS2_RC rc = Esys_PCR_Read(link.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
                                     nullptr, &got, &digests);
    const EsysPtr<TPML_PCR_SELECTION> got_owner(got);
    const EsysPtr<TPML_DIGEST> digests_owner(digests);
    RETURN_IF_ERROR(link.Check(rc, "read PCRs"));
    // What is left belongs to banks that are not allocated.
    if (digests->count == 0) break;
    RETURN_IF_ERROR(TakeRound(*got, *digests, &wanted, values));
  }
  return OkStatus();
}

}  // namespace

Tpm::Tpm(TpmOptions options, std::shared_ptr<Connection> connection, Inventory inventory)
    : options_(std::move(options)),
      connection_(std::move(connection)),
      inventory_(std::make_unique<const Inventory>(std::move(inventory))),
      nv_step_(kNvStepDefault) {}

Tpm::~Tpm() = default;

StatusOr<std::unique_ptr<Tpm>> Tpm::Open(const TpmOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(auto connection, Connection::Open(options.tcti));
  Inventory inventory;
  RETURN_IF_ERROR(connection->Run([&inventory](Link& link) {
    ASSIGN_OR_RETURN(inventory, TakeInventory(link));
    return OkStatus();
  }));
  return std::unique_ptr<Tpm>(new Tpm(options, std::move(connection), std::move(inventory)));
}

StatusOr<TpmProperties> Tpm::ReadProperties() {
  TpmProperties properties;
  size_t nv_step = kNvStepDefault;
  RETURN_IF_ERROR(connection_->Run([&properties, &nv_step](Link& link) {
    return ReadPropertiesIn(link, &properties, &nv_step);
  }));
  properties.implemented_banks = inventory_->implemented_banks;
  nv_step_ = nv_step;
  return properties;
}

StatusOr<EndorsementKey> Tpm::ReadEndorsementKey() {
  EndorsementKey ek;
  RETURN_IF_ERROR(connection_->Run([this, &ek](Link& link) {
    ASSIGN_OR_RETURN(
        ek, FindEndorsementKey(link, connection_, {*inventory_, nv_step_, options_.ek_kind}));
    return OkStatus();
  }));
  return ek;
}

StatusOr<std::vector<tpmwire::PcrValue>> Tpm::ReadPcrs(const tpmwire::PcrSelections& pcrs) {
  ASSIGN_OR_RETURN(const TPML_PCR_SELECTION selection, ToTss(pcrs));
  std::vector<tpmwire::PcrValue> values;
  RETURN_IF_ERROR(connection_->Run(
      [&selection, &values](Link& link) { return ReadPcrsIn(link, selection, &values); }));
  return values;
}

}  // namespace preseal::agent
