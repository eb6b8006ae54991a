// SPDX-License-Identifier: Apache-2.0
// Device names from a template: letters, digits, hyphens and macros. Pure.
//
//   %SERIAL%  the serial number without what no name may hold; if the name would be too long, its
//             beginning goes (as Windows' Accounts CSP, "Domain/ComputerName")
//   %RAND:x%  x random digits
//   %SEQ%     the next number of this template; %SEQ:n% with leading zeros to n digits
//
// A name has at most kDeviceNameCharsMax characters, begins and ends with a letter or a digit, and
// is not all digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace preseal::server {

class NameTemplate {
 public:
  struct Mistake {
    size_t column = 0;  // in the text, from 0
    std::string message;
  };
  // `hybrid`: %SERIAL% is refused, the directory would have to know it before the device does.
  static std::variant<NameTemplate, Mistake> Parse(std::string_view text, bool hybrid);

  const std::string& text() const { return text_; }
  bool has_sequence() const { return Has(Macro::kSequence); }
  bool has_random() const { return Has(Macro::kRandom); }
  // Random digits one Expand needs.
  size_t random_digits() const;

 private:
  friend class NameExpansion;
  enum class Macro { kText, kSerial, kRandom, kSequence };
  struct Part {
    Macro macro = Macro::kText;
    std::string text;  // kText
    size_t digits = 0;
    size_t column = 0;
  };
  bool Has(Macro macro) const;
  size_t FixedChars() const;
  std::optional<Mistake> ReadMacro(std::string_view macro, size_t column, bool hybrid);
  std::optional<Mistake> Check() const;

  std::string text_;
  std::vector<Part> parts_;
};

// Why a template gave no name for a device.
enum class NameCode { kOk, kNoSerial, kSequenceTooLong, kAllDigits, kBadEdge };
std::string_view TextOf(NameCode code);

struct NameAnswer {
  NameCode code = NameCode::kOk;
  std::string name;  // with kOk only
};
// `random_digits`: at least NameTemplate::random_digits() characters '0' to '9'.
NameAnswer ExpandName(const NameTemplate& name_template, std::string_view serial,
                      std::string_view random_digits, uint64_t sequence);

// Why a person's choice is no name; empty: it is one.
std::string NameProblem(std::string_view name);

}  // namespace preseal::server
