// SPDX-License-Identifier: Apache-2.0
// A policy as text: canonical JSON (keys sorted, no white space, fields at their default left out),
// so that one policy has one digest. docs/formats.md, "Attestation policy". Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "server/domain/attestation/attestation_policy.h"

namespace preseal::server {

// Everything but version and sha256, which say where the text is kept and what it is.
std::string PolicyText(const AttestationPolicy& policy);

// Strict: an unknown key, a wrong type, a value out of range is INVALID_ARGUMENT naming its path
// ("firmware[2].vendor: ..."). At most kPolicyBytesMax. The result's sha256 is that of the
// canonical text, whatever form `text` had; its version is 0.
StatusOr<AttestationPolicy> ParsePolicyText(std::string_view text);

// The same of JSON made from another notation; `fault_path` gets the path alone, for a caller that
// knows where that stood.
StatusOr<AttestationPolicy> ReadPolicy(const nlohmann::json& json, std::string* fault_path);

// A TPM's firmware version, TPM_PT_FIRMWARE_VERSION_1 in the upper 32 bits. "15.23" is major.minor
// of the first word, 16 bits each (as Infineon counts), the second word 0; "0x000f001700000000" is
// the value itself. INVALID_ARGUMENT otherwise.
StatusOr<uint64_t> ParseFirmwareVersion(std::string_view text);
// "15.23" where that is exact, else "0x" and 16 digits.
std::string FirmwareVersionText(uint64_t version);

// A TCG vendor id: "IFX", "STM", ... of the makers known here, else "0x" and eight hex digits.
StatusOr<uint32_t> ParseVendorId(std::string_view text);
std::string VendorIdText(uint32_t vendor);

}  // namespace preseal::server
