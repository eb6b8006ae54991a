// SPDX-License-Identifier: Apache-2.0
// NV goes through SAPI: ESYS would read an index's public part twice, once for its own use.
#include "agent/adapters/tpm/nv.h"

#include <fmt/format.h>
#include <tss2/tss2_sys.h>

#include <algorithm>

#include "common/tpmwire/templates.h"

namespace preseal::agent {
namespace {

// Loaded sessions are asked for by the first handle type and answered as either: HMAC or policy.
constexpr uint32_t kSessionFirst = 0x02000000;
constexpr uint32_t kSessionLast = 0x03FFFFFF;
constexpr uint32_t kTransientFirst = 0x80000000;
constexpr uint32_t kTransientLast = 0x80FFFFFF;

// An empty password.
TSS2L_SYS_AUTH_COMMAND EmptyPassword() {
  TSS2L_SYS_AUTH_COMMAND auths{};
  auths.count = 1;
  auths.auths[0].sessionHandle = TPM2_RS_PW;
  return auths;
}

StatusOr<Bytes> ReadPart(Link& link, uint32_t auth, uint32_t index, size_t size, size_t offset,
                         std::string_view verb) {
  ASSIGN_OR_RETURN(TSS2_SYS_CONTEXT * sys, link.sys());
  const TSS2L_SYS_AUTH_COMMAND auths = EmptyPassword();
  TSS2L_SYS_AUTH_RESPONSE answered{};
  TPM2B_MAX_NV_BUFFER data{};
  RETURN_IF_ERROR(link.Check(Tss2_Sys_NV_Read(sys, auth, index, &auths, static_cast<uint16_t>(size),
                                              static_cast<uint16_t>(offset), &data, &answered),
                             verb));
  if (data.size != size) return DataLoss(fmt::format("{}: TPM gave too few bytes", verb));
  return Bytes(data.buffer, data.buffer + data.size);
}

StatusOr<std::vector<uint16_t>> ListBanks(Link& link) {
  TPMS_CAPABILITY_DATA* data = nullptr;
  const TSS2_RC rc = Esys_GetCapability(link.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_PCRS, 0, TPM2_NUM_PCR_BANKS, nullptr, &data);
  const EsysPtr<TPMS_CAPABILITY_DATA> owner(data);
  RETURN_IF_ERROR(link.Check(rc, "list PCR banks"));
  std::vector<uint16_t> banks;
  const TPML_PCR_SELECTION& list = data->data.assignedPCR;
  for (uint32_t i = 0; i < list.count; ++i) banks.push_back(list.pcrSelections[i].hash);
  return banks;
}

}  // namespace

StatusOr<Inventory> TakeInventory(Link& link) {
  Inventory inventory;
  ASSIGN_OR_RETURN(inventory.nv_indices,
                   ListHandles(link, tpmwire::kNvEkCertRsa2048Low, tpmwire::kNvEkChainLast));
  ASSIGN_OR_RETURN(inventory.implemented_banks, ListBanks(link));
  return inventory;
}

StatusOr<std::set<uint32_t>> ListHandles(Link& link, uint32_t first, uint32_t last) {
  std::set<uint32_t> handles;
  TPMI_YES_NO more = TPM2_YES;
  for (uint32_t from = first; more == TPM2_YES && from <= last;) {
    TPMS_CAPABILITY_DATA* data = nullptr;
    const TSS2_RC rc =
        Esys_GetCapability(link.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                           from, TPM2_MAX_CAP_HANDLES, &more, &data);
    const EsysPtr<TPMS_CAPABILITY_DATA> owner(data);
    RETURN_IF_ERROR(link.Check(rc, "list TPM handles"));
    const TPML_HANDLE& list = data->data.handles;
    // Handles come in rising order; a chip that gives none, or repeats itself, must not hold us.
    if (list.count == 0 || list.handle[list.count - 1] < from) break;
    for (uint32_t i = 0; i < list.count; ++i) {
      if (list.handle[i] >= first && list.handle[i] <= last) handles.insert(list.handle[i]);
    }
    from = list.handle[list.count - 1] + 1;
  }
  return handles;
}

StatusOr<bool> FlushLeftovers(Link& link) {
  ASSIGN_OR_RETURN(TSS2_SYS_CONTEXT * sys, link.sys());
  bool any = false;
  for (const auto& [first, last] :
       {std::pair(kTransientFirst, kTransientLast), std::pair(kSessionFirst, kSessionLast)}) {
    ASSIGN_OR_RETURN(const auto handles, ListHandles(link, first, last));
    for (const uint32_t handle : handles) {
      if (link.held().contains(handle)) continue;
      RETURN_IF_ERROR(link.Check(Tss2_Sys_FlushContext(sys, handle), "flush leftovers"));
      any = true;
    }
  }
  return any;
}

StatusOr<Bytes> ReadNv(Link& link, uint32_t index, size_t bytes_max, size_t step) {
  const std::string verb = fmt::format("read TPM index {:#010x}", index);
  ASSIGN_OR_RETURN(TSS2_SYS_CONTEXT * sys, link.sys());
  TPM2B_NV_PUBLIC area{};
  TPM2B_NAME name{};
  RETURN_IF_ERROR(
      link.Check(Tss2_Sys_NV_ReadPublic(sys, index, nullptr, &area, &name, nullptr), verb));
  const size_t total = area.nvPublic.dataSize;
  if (total > bytes_max) {
    return ResourceExhausted(fmt::format("{}: {} bytes, at most {}", verb, total, bytes_max));
  }
  const bool by_itself = (area.nvPublic.attributes & TPMA_NV_AUTHREAD) != 0;
  const uint32_t auth = by_itself ? index : TPM2_RH_OWNER;
  step = std::clamp<size_t>(step, 1, TPM2_MAX_NV_BUFFER_SIZE);
  Bytes content;
  while (content.size() < total) {
    const size_t size = std::min(step, total - content.size());
    ASSIGN_OR_RETURN(const Bytes part, ReadPart(link, auth, index, size, content.size(), verb));
    content.insert(content.end(), part.begin(), part.end());
  }
  return content;
}

}  // namespace preseal::agent
