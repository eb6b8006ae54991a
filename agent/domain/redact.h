// SPDX-License-Identifier: Apache-2.0
// Takes secrets out of text before it leaves the device. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace preseal::agent {

// What stands in place of a secret.
inline constexpr std::string_view kRemoved = "[removed]";

// Removes
//   - private keys in PEM and OpenPGP armour, also those whose end is missing,
//   - the known secrets it was made with, wherever they stand,
//   - values of fields whose name says that they are secret (password, passphrase, passwd, secret,
//     token, psk, one_time_code, authorization …), as "name=value", "name: value" and in JSON,
//   - runs of 200 and more base64 characters on one line: join blobs, keys, tickets.
// It errs on the side of removing too much. Thread-safe.
class Redactor {
 public:
  // One of several lines is also looked for line by line, as logs repeat it. What is shorter than 4
  // bytes is not looked for: "no" would be removed from every word.
  explicit Redactor(std::vector<std::string> secrets);

  std::string Clean(std::string_view text) const;
  // The same for a text that comes in pieces. `inside_key`: whether the piece before ended within a
  // private key, false at first; tells the same of this one.
  std::string Clean(std::string_view text, bool& inside_key) const;

 private:
  std::vector<std::string> secrets_;  // longest first
};

}  // namespace preseal::agent
