// SPDX-License-Identifier: Apache-2.0
// What a file is meant to be, told from its bytes and, where those leave it open, its name; damaged
// ones included. Internal to the domain. Pure.
#pragma once

#include <string_view>

#include "common/base/bytes.h"

namespace preseal::server {

enum class LintForm {
  kUnknown,  // bytes that are none of ours
  kText,     // text that is none of ours
  kEventLog,
  kX509,                  // DER, perhaps with a TCG header before or padding after, perhaps damaged
  kAttributeCertificate,  // DER of an RFC 5755 AttributeCertificate, perhaps damaged
  kPem,
  kJson,              // an object
  kAttest,            // TPMS_ATTEST, with or without its TPM2B length
  kAttestationProto,  // attest.Attestation of go-tpm-tools
  kSignature,         // TPMT_SIGNATURE alone
  kPublic,            // TPMT_PUBLIC or TPM2B_PUBLIC alone
};

LintForm Classify(ByteView bytes, std::string_view path);

// Text as people write it: no NUL, no control characters but white space, valid UTF-8.
bool LooksLikeText(ByteView bytes);
// DER, damaged perhaps, in which basicConstraints says CA.
bool LooksLikeAuthority(ByteView der);

}  // namespace preseal::server
