// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/nv.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr uint32_t kNvReadBytesDefault = 512;  // every TPM 2.0 reads at least that at once

// An open NV index; the context's memory of it ends with the object.
class NvIndex {
 public:
  explicit NvIndex(ESYS_CONTEXT* esys) : esys_(esys) {}
  ~NvIndex() {
    if (handle_ != ESYS_TR_NONE) Esys_TR_Close(esys_, &handle_);
  }
  NvIndex(const NvIndex&) = delete;
  NvIndex& operator=(const NvIndex&) = delete;
  ESYS_TR* out() { return &handle_; }
  ESYS_TR get() const { return handle_; }

 private:
  ESYS_CONTEXT* esys_;
  ESYS_TR handle_ = ESYS_TR_NONE;
};

StatusOr<Bytes> ReadPart(Link& link, ESYS_TR auth, ESYS_TR index, size_t size, size_t offset,
                         std::string_view verb) {
  TPM2B_MAX_NV_BUFFER* data = nullptr;
  const TSS2_RC rc =
      Esys_NV_Read(link.esys(), auth, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                   static_cast<uint16_t>(size), static_cast<uint16_t>(offset), &data);
  const EsysPtr<TPM2B_MAX_NV_BUFFER> owner(data);
  RETURN_IF_ERROR(link.Check(rc, verb));
  if (data->size != size) return DataLoss(fmt::format("{}: TPM gave too few bytes", verb));
  return Bytes(data->buffer, data->buffer + data->size);
}

}  // namespace

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

StatusOr<uint32_t> ReadProperty(Link& link, uint32_t property, uint32_t fallback) {
  TPMS_CAPABILITY_DATA* data = nullptr;
  TPMI_YES_NO more = TPM2_NO;
  const TSS2_RC rc = Esys_GetCapability(link.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_TPM_PROPERTIES, property, 1, &more, &data);
  const EsysPtr<TPMS_CAPABILITY_DATA> owner(data);
  RETURN_IF_ERROR(link.Check(rc, "read TPM properties"));
  const TPML_TAGGED_TPM_PROPERTY& list = data->data.tpmProperties;
  // A TPM that lacks the property answers with the next it has.
  if (list.count == 0 || list.tpmProperty[0].property != property) return fallback;
  return list.tpmProperty[0].value;
}

StatusOr<Bytes> ReadNv(Link& link, uint32_t index, size_t bytes_max) {
  const std::string verb = fmt::format("read TPM index {:#010x}", index);
  NvIndex nv(link.esys());
  RETURN_IF_ERROR(link.Check(
      Esys_TR_FromTPMPublic(link.esys(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nv.out()),
      verb));
  TPM2B_NV_PUBLIC* area = nullptr;
  const TSS2_RC rc = Esys_NV_ReadPublic(link.esys(), nv.get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &area, nullptr);
  const EsysPtr<TPM2B_NV_PUBLIC> owner(area);
  RETURN_IF_ERROR(link.Check(rc, verb));
  const size_t total = area->nvPublic.dataSize;
  if (total > bytes_max) {
    return ResourceExhausted(fmt::format("{}: {} bytes, at most {}", verb, total, bytes_max));
  }
  const bool by_itself = (area->nvPublic.attributes & TPMA_NV_AUTHREAD) != 0;
  const ESYS_TR auth = by_itself ? nv.get() : ESYS_TR_RH_OWNER;
  ASSIGN_OR_RETURN(const uint32_t part_max,
                   ReadProperty(link, TPM2_PT_NV_BUFFER_MAX, kNvReadBytesDefault));
  const size_t step = std::clamp<size_t>(part_max, 1, TPM2_MAX_NV_BUFFER_SIZE);
  Bytes content;
  while (content.size() < total) {
    const size_t size = std::min(step, total - content.size());
    ASSIGN_OR_RETURN(const Bytes part, ReadPart(link, auth, nv.get(), size, content.size(), verb));
    content.insert(content.end(), part.begin(), part.end());
  }
  return content;
}

}  // namespace preseal::agent
