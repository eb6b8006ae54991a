// SPDX-License-Identifier: Apache-2.0
// What Windows Autopilot's device lists name a device by, beside its serial number: manufacturer
// and model, a product id (PKID), or a hardware hash.
#pragma once

#include <string>
#include <string_view>

namespace preseal::server::cli {

// Attribute that keeps a product id, for group rules.
inline constexpr std::string_view kProductIdAttribute = "windows-product-id";

// Thirteen digits, as printed on the box. What is wrong with it, empty if nothing.
std::string ProductIdProblem(std::string_view product_id);

// Base64 of a hash as Get-WindowsAutopilotInfo writes it; padding that was cut off is no mistake.
// What is wrong with it, empty if nothing. The hash is checked and not kept: it differs from one
// export to the next, and tells more of the hardware than a record should.
std::string HardwareHashProblem(std::string_view hash);

}  // namespace preseal::server::cli
