// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/tpm_error.h"

#include <fmt/format.h>
#include <tss2/tss2_rc.h>

#include <cerrno>

namespace preseal::agent {
namespace {

struct Translation {
  uint32_t code;  // TPM_RC without the handle, session or parameter it concerns
  StatusCode status;
  const char* what;
  const char* remedy;
};

constexpr Translation kTranslations[] = {
    // Somebody has to change the TPM's state.
    {TPM2_RC_LOCKOUT, StatusCode::kFailedPrecondition, "TPM is in dictionary attack lockout",
     "wait for it to end, or clear the TPM in the firmware setup"},
    {TPM2_RC_BAD_AUTH, StatusCode::kFailedPrecondition, "a hierarchy has a password",
     "clear the TPM in the firmware setup"},
    {TPM2_RC_AUTH_FAIL, StatusCode::kFailedPrecondition, "a hierarchy has a password",
     "clear the TPM in the firmware setup"},
    {TPM2_RC_HIERARCHY, StatusCode::kFailedPrecondition, "a hierarchy is disabled",
     "enable the TPM's hierarchies in the firmware setup"},
    {TPM2_RC_DISABLED, StatusCode::kFailedPrecondition, "TPM is disabled",
     "enable the TPM in the firmware setup"},
    {TPM2_RC_INITIALIZE, StatusCode::kFailedPrecondition, "TPM was not started by the firmware",
     "switch the device off and on"},
    {TPM2_RC_REBOOT, StatusCode::kFailedPrecondition, "TPM wants a restart",
     "switch the device off and on"},
    {TPM2_RC_UPGRADE, StatusCode::kFailedPrecondition, "TPM is in firmware upgrade",
     "finish the TPM firmware update"},
    {TPM2_RC_POLICY_FAIL, StatusCode::kFailedPrecondition, "key policy not satisfied",
     "check whether the endorsement key is a standard one"},
    // Full.
    {TPM2_RC_OBJECT_MEMORY, StatusCode::kResourceExhausted, "TPM object slots are full",
     "flush transient objects (tpm2_flushcontext -t), or use /dev/tpmrm0"},
    {TPM2_RC_SESSION_MEMORY, StatusCode::kResourceExhausted, "TPM session slots are full",
     "flush sessions (tpm2_flushcontext -l), or use /dev/tpmrm0"},
    {TPM2_RC_OBJECT_HANDLES, StatusCode::kResourceExhausted, "TPM object handles are used up",
     "flush transient objects (tpm2_flushcontext -t)"},
    {TPM2_RC_SESSION_HANDLES, StatusCode::kResourceExhausted, "TPM session handles are used up",
     "flush sessions (tpm2_flushcontext -l -s)"},
    {TPM2_RC_NV_SPACE, StatusCode::kResourceExhausted, "TPM storage is full",
     "remove unused persistent objects (tpm2_evictcontrol)"},
    // Busy.
    {TPM2_RC_RETRY, StatusCode::kUnavailable, "TPM is busy", "try again"},
    {TPM2_RC_YIELDED, StatusCode::kUnavailable, "TPM is busy", "try again"},
    {TPM2_RC_TESTING, StatusCode::kUnavailable, "TPM is testing itself", "try again"},
    {TPM2_RC_CANCELED, StatusCode::kUnavailable, "TPM command was cancelled", "try again"},
    {TPM2_RC_NV_RATE, StatusCode::kUnavailable, "TPM limits its writes", "try again in a minute"},
    {TPM2_RC_NV_UNAVAILABLE, StatusCode::kUnavailable, "TPM storage is not ready", "try again"},
    // Refused values.
    {TPM2_RC_INTEGRITY, StatusCode::kInvalidArgument,
     "credential was made for another TPM or another key", "start the enrolment again"},
    {TPM2_RC_SIZE, StatusCode::kInvalidArgument, "a value is too long for this TPM",
     "report the TPM model"},
    {TPM2_RC_TICKET, StatusCode::kInvalidArgument, "TPM refuses the ticket",
     "a restricted key signs only what the TPM made"},
    {TPM2_RC_HANDLE, StatusCode::kNotFound, "no such object in the TPM", "create it first"},
    {TPM2_RC_NV_UNINITIALIZED, StatusCode::kNotFound, "TPM index was never written",
     "ask the vendor for its content"},
    {TPM2_RC_NV_DEFINED, StatusCode::kAlreadyExists, "TPM handle is taken",
     "free it (tpm2_evictcontrol), or configure another"},
    // The chip cannot.
    {TPM2_RC_HASH, StatusCode::kUnimplemented, "TPM lacks a hash algorithm or PCR bank",
     "ask only for banks this TPM implements"},
    {TPM2_RC_CURVE, StatusCode::kUnimplemented, "TPM lacks a curve", "use a TPM with P-256"},
    {TPM2_RC_ASYMMETRIC, StatusCode::kUnimplemented, "TPM lacks a key type",
     "report the TPM model"},
    {TPM2_RC_COMMAND_CODE, StatusCode::kUnimplemented, "TPM lacks a command",
     "update the TPM firmware"},
    {TPM2_RC_BAD_TAG, StatusCode::kUnimplemented, "TPM answers as version 1.2",
     "switch it to TPM 2.0 in the firmware setup"},
    // Broken.
    {TPM2_RC_FAILURE, StatusCode::kDataLoss, "TPM is in failure mode",
     "switch the device off and on; if it stays, replace the board"},
};

// The TPM's own codes also arrive through the resource manager's layer.
bool FromTpm(uint32_t rc) {
  const uint32_t layer = rc & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

// Format-one codes carry which handle, session or parameter they concern in bits 6 and 8..11.
uint32_t WithoutPosition(uint32_t rc) {
  rc &= 0xFFF;
  return (rc & TPM2_RC_FMT1) != 0 ? rc & 0x0BF : rc;
}

}  // namespace

bool IsConnectionLost(uint32_t rc) {
  const uint32_t layer = rc & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TCTI_RC_LAYER || rc == TSS2_ESYS_RC_BAD_SEQUENCE ||
         rc == TSS2_SYS_RC_BAD_SEQUENCE;
}

bool IsObjectGone(uint32_t rc) {
  return FromTpm(rc) && (rc & 0xFFF) >= TPM2_RC_REFERENCE_H0 &&
         (rc & 0xFFF) <= TPM2_RC_REFERENCE_S6;
}

bool IsHandleTaken(uint32_t rc) { return FromTpm(rc) && WithoutPosition(rc) == TPM2_RC_NV_DEFINED; }

bool IsOutOfSlots(uint32_t rc) {
  const uint32_t code = WithoutPosition(rc);
  return FromTpm(rc) && (code == TPM2_RC_OBJECT_MEMORY || code == TPM2_RC_SESSION_MEMORY);
}

bool IsNoSuchHandle(uint32_t rc) { return FromTpm(rc) && WithoutPosition(rc) == TPM2_RC_HANDLE; }

Status TpmStatus(uint32_t rc, std::string_view verb) {
  if (rc == TSS2_RC_SUCCESS) return OkStatus();
  if (IsConnectionLost(rc)) {
    return Unavailable(
        fmt::format("{}: cannot reach the TPM (code {:#x}): check that the TPM is enabled and its "
                    "device exists",
                    verb, rc));
  }
  // What the library makes of an answer in another version's form.
  if (rc == TSS2_SYS_RC_GENERAL_FAILURE) {
    return Unimplemented(
        fmt::format("{}: TPM does not answer as version 2.0 (code {:#x}): switch it to TPM 2.0 in "
                    "the firmware setup",
                    verb, rc));
  }
  if (FromTpm(rc)) {
    const uint32_t code = WithoutPosition(rc);
    for (const Translation& entry : kTranslations) {
      if (entry.code != code) continue;
      return MakeStatus(entry.status, fmt::format("{}: {} (TPM code {:#x}): {}", verb, entry.what,
                                                  rc, entry.remedy));
    }
  }
  return Internal(fmt::format("{}: {} (TPM code {:#x}): report it with the TPM model", verb,
                              Tss2_RC_Decode(rc), rc));
}

Status OpenFailed(std::string_view tcti, int error) {
  const char* what = "it does not answer: check that it runs and that its address is right";
  switch (error) {
    case 0:
      break;
    case ENOENT:
    case ENODEV:
    case ENXIO:
      what = "there is no TPM: enable it in the firmware setup (TPM, Intel PTT or AMD fTPM)";
      break;
    case EACCES:
    case EPERM:
      what = "not permitted: run the agent as root or in group tss";
      break;
    case EBUSY:
      what = "another program holds it: stop that program, or use /dev/tpmrm0, which is shared";
      break;
    default:
      what = "the device cannot be opened: look into the kernel's log";
      break;
  }
  return Unavailable(fmt::format("open TPM {}: {}", tcti, what));
}

}  // namespace preseal::agent
