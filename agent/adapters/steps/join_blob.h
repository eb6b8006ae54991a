// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only: what lies in the target between the two halves of a join.
// docs/formats.md "Samba join blob" and "Domain join".
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/status/status.h"

namespace preseal::agent::steps {

inline constexpr std::string_view kSambaProvider = "samba-offline-join";

// Whose computer account it is. Every text is made of letters, digits, hyphens and dots, so that it
// can stand in a configuration and on a command line.
struct Membership {
  std::string domain;         // DNS name
  std::string workgroup;      // NetBIOS name of the domain
  std::string computer_name;  // without the dollar
  bool operator==(const Membership&) const = default;
};

struct SambaJoinBlob {
  Membership membership;
  Secret odj;  // what `net offlinejoin requestodj` loads
};

// InvalidArgument: not such a blob, of another provider or format, or damaged.
StatusOr<SambaJoinBlob> ParseSambaJoinBlob(ByteView bytes);

// The note that a join took hold.
std::string JoinedNote(const Membership& membership);
// InvalidArgument: not such a note.
StatusOr<Membership> ParseJoinedNote(ByteView bytes);

// DNS and computer names: equal without case.
bool SameName(std::string_view a, std::string_view b);

}  // namespace preseal::agent::steps
