// SPDX-License-Identifier: Apache-2.0
#include "server/domain/profile/name_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetterOrDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsNameChar(char c) { return IsLetterOrDigit(c) || c == '-'; }

// "RAND:5" with "RAND:" gives 5; 0: no number a name has room for.
size_t DigitsAfter(std::string_view macro, std::string_view prefix) {
  macro.remove_prefix(prefix.size());
  size_t digits = 0;
  const auto parsed = std::from_chars(macro.data(), macro.data() + macro.size(), digits);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == macro.data() + macro.size();
  return whole && digits <= kDeviceNameCharsMax ? digits : 0;
}

}  // namespace

std::variant<NameTemplate, NameTemplate::Mistake> NameTemplate::Parse(std::string_view text,
                                                                      bool hybrid) {
  NameTemplate result;
  result.text_ = text;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '%') {
      const size_t end = text.find('%', at + 1);
      if (end == text.npos) return Mistake{at, "this \"%\" begins a macro that does not end"};
      const auto mistake = result.ReadMacro(text.substr(at + 1, end - at - 1), at, hybrid);
      if (mistake) return *mistake;
      at = end + 1;
      continue;
    }
    const size_t end = std::min(text.find('%', at), text.size());
    const std::string_view plain = text.substr(at, end - at);
    const auto bad = std::find_if_not(plain.begin(), plain.end(), IsNameChar);
    if (bad != plain.end()) {
      return Mistake{at + static_cast<size_t>(bad - plain.begin()),
                     "a device name has letters, digits and hyphens only"};
    }
    result.parts_.push_back({Macro::kText, std::string(plain), 0, at});
    at = end;
  }
  if (const auto mistake = result.Check()) return *mistake;
  return result;
}

std::optional<NameTemplate::Mistake> NameTemplate::ReadMacro(std::string_view macro, size_t column,
                                                             bool hybrid) {
  Part part{.column = column};
  if (macro == "SERIAL") {
    part.macro = Macro::kSerial;
    if (hybrid) return Mistake{column, "a hybrid join takes no %SERIAL%: use %RAND:x% or %SEQ%"};
    if (Has(Macro::kSerial)) return Mistake{column, "%SERIAL% comes twice"};
  } else if (macro.starts_with("RAND:")) {
    part.macro = Macro::kRandom;
    part.digits = DigitsAfter(macro, "RAND:");
    if (part.digits == 0) {
      return Mistake{column, fmt::format("%RAND:x% takes 1 to {} digits", kDeviceNameCharsMax)};
    }
  } else if (macro == "SEQ" || macro.starts_with("SEQ:")) {
    part.macro = Macro::kSequence;
    part.digits = macro == "SEQ" ? 1 : DigitsAfter(macro, "SEQ:");
    if (part.digits == 0) {
      return Mistake{column, fmt::format("%SEQ:n% takes 1 to {} digits", kDeviceNameCharsMax)};
    }
  } else {
    return Mistake{column, "unknown macro: %SERIAL%, %RAND:x%, %SEQ% and %SEQ:n% are known"};
  }
  parts_.push_back(std::move(part));
  return std::nullopt;
}

bool NameTemplate::Has(Macro macro) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [macro](const Part& part) { return part.macro == macro; });
}

// Without the serial, which gives way.
size_t NameTemplate::FixedChars() const {
  size_t chars = 0;
  for (const Part& part : parts_) chars += part.text.size() + part.digits;
  return chars;
}

size_t NameTemplate::random_digits() const {
  size_t digits = 0;
  for (const Part& part : parts_) {
    if (part.macro == Macro::kRandom) digits += part.digits;
  }
  return digits;
}

std::optional<NameTemplate::Mistake> NameTemplate::Check() const {
  if (parts_.empty()) return Mistake{0, "an empty template names nothing"};
  if (!Has(Macro::kSerial) && !Has(Macro::kRandom) && !Has(Macro::kSequence)) {
    return Mistake{0, "every device would get the same name: add %SERIAL%, %RAND:x% or %SEQ%"};
  }
  const size_t chars = FixedChars() + (Has(Macro::kSerial) ? 1 : 0);
  if (chars > kDeviceNameCharsMax) {
    return Mistake{0, fmt::format("names from it have {} characters or more, {} are allowed", chars,
                                  kDeviceNameCharsMax)};
  }
  const bool lettered = std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
    return part.macro == Macro::kSerial ||
           !std::all_of(part.text.begin(), part.text.end(), IsDigit);
  });
  if (!lettered) return Mistake{0, "a device name must not be all digits: add a letter"};
  const Part& last = parts_.back();
  if (parts_.front().text.starts_with('-'))
    return Mistake{0, "a name must not begin with a hyphen"};
  if (last.text.ends_with('-')) {
    return Mistake{last.column + last.text.size() - 1, "a name must not end with a hyphen"};
  }
  return std::nullopt;
}

// Puts the parts of one name together.
class NameExpansion {
 public:
  NameExpansion(const NameTemplate& name_template, std::string_view random_digits,
                uint64_t sequence)
      : template_(name_template), random_(random_digits), sequence_(std::to_string(sequence)) {}

  NameAnswer Run(std::string_view serial) {
    if (template_.Has(NameTemplate::Macro::kSerial) && !TakeSerial(serial)) {
      return {NameCode::kNoSerial, ""};
    }
    std::string name;
    for (const auto& part : template_.parts_) name += TextOfPart(part);
    if (name.size() > kDeviceNameCharsMax) return {NameCode::kSequenceTooLong, ""};
    if (std::all_of(name.begin(), name.end(), IsDigit)) return {NameCode::kAllDigits, ""};
    if (name.starts_with('-') || name.ends_with('-')) return {NameCode::kBadEdge, ""};
    return {NameCode::kOk, std::move(name)};
  }

 private:
  bool TakeSerial(std::string_view serial) {
    std::copy_if(serial.begin(), serial.end(), std::back_inserter(serial_), IsNameChar);
    size_t others = 0;
    for (const auto& part : template_.parts_) {
      if (part.macro != NameTemplate::Macro::kSerial) others += TextOfPart(part, false).size();
    }
    const size_t room = kDeviceNameCharsMax - std::min(others, kDeviceNameCharsMax);
    if (serial_.size() > room) serial_.erase(0, serial_.size() - room);
    while (serial_.starts_with('-')) serial_.erase(0, 1);
    while (serial_.ends_with('-')) serial_.pop_back();
    return !serial_.empty();
  }

  std::string TextOfPart(const NameTemplate::Part& part, bool take = true) {
    switch (part.macro) {
      case NameTemplate::Macro::kText:
        return part.text;
      case NameTemplate::Macro::kSerial:
        return serial_;
      case NameTemplate::Macro::kSequence:
        return std::string(part.digits - std::min(part.digits, sequence_.size()), '0') + sequence_;
      case NameTemplate::Macro::kRandom: {
        const std::string digits(random_.substr(0, part.digits));
        if (take) random_.remove_prefix(digits.size());
        return std::string(part.digits - digits.size(), '0') + digits;
      }
    }
    return "";
  }

  const NameTemplate& template_;
  std::string_view random_;
  const std::string sequence_;
  std::string serial_;
};

NameAnswer ExpandName(const NameTemplate& name_template, std::string_view serial,
                      std::string_view random_digits, uint64_t sequence) {
  return NameExpansion(name_template, random_digits, sequence).Run(serial);
}

std::string_view TextOf(NameCode code) {
  switch (code) {
    case NameCode::kOk:
      return "";
    case NameCode::kNoSerial:
      return "its serial number has no character a name may hold";
    case NameCode::kSequenceTooLong:
      return "the sequence has outgrown the name";
    case NameCode::kAllDigits:
      return "the name would be all digits";
    case NameCode::kBadEdge:
      return "the name would begin or end with a hyphen";
  }
  return "";
}

std::string NameProblem(std::string_view name) {
  if (name.empty()) return "a device name must not be empty";
  if (name.size() > kDeviceNameCharsMax) {
    return fmt::format("a device name has at most {} characters", kDeviceNameCharsMax);
  }
  if (!std::all_of(name.begin(), name.end(), IsNameChar)) {
    return "a device name has letters, digits and hyphens only";
  }
  if (std::all_of(name.begin(), name.end(), IsDigit)) return "a device name must not be all digits";
  if (!IsLetterOrDigit(name.front()) || !IsLetterOrDigit(name.back())) {
    return "a device name must not begin or end with a hyphen";
  }
  return "";
}

}  // namespace preseal::server
