// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/boot_facts.h"

#include <fmt/format.h>

#include <array>

#include "common/base/limits.h"
#include "server/domain/event_log/authority.h"
#include "server/domain/event_log/boot_entry.h"
#include "server/domain/event_log/event_tags.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/uefi_variable.h"

namespace preseal::server {
namespace {

constexpr uint32_t kSecureBootPcr = 7;
constexpr uint32_t kBootLoaderPcr = 4;
constexpr uint32_t kFirstEventTagPcr = 11;
constexpr uint32_t kLastEventTagPcr = 14;

template <typename T>
void Append(BootFacts& facts, std::vector<T>& list, T fact) {
  if (list.size() >= kBootFactsMax) {
    ++facts.left_out;
    return;
  }
  list.push_back(std::move(fact));
}

std::string_view WithoutNul(std::string_view text) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  return text;
}

// One pass over the events, remembering which PCRs are behind their separator.
class Collector {
 public:
  BootFacts Collect(const ParsedEventLog& log, const std::vector<DataBinding>& bindings) {
    for (size_t i = 0; i < log.events.size() && i < bindings.size(); ++i) {
      Visit(log.events[i], bindings[i]);
    }
    return std::move(facts_);
  }

 private:
  void Visit(const LoggedEvent& event, const DataBinding& binding) {
    if (event.type == kEvNoAction || event.pcr >= closed_.size()) return;
    ++facts_.measured;
    ++facts_.events_by_pcr[event.pcr];
    if (binding.form == DataForm::kOpaque) ++facts_.opaque;
    if (binding.form == DataForm::kMismatch) ++facts_.altered;
    switch (event.type) {
      case kEvSeparator:
        return Separator(event, binding);
      case kEvEfiVariableDriverConfig:
        return DriverConfig(event, binding);
      case kEvEfiVariableAuthority:
        return Authority(event, binding);
      case kEvEfiAction:
        return Action(event, binding);
      case kEvEfiVariableBoot:
      case kEvEfiVariableBoot2:
        return BootEntry(event, binding);
      case kEvEfiBootServicesApplication:
        facts_.application_before_call |=
            event.pcr == kBootLoaderPcr && !facts_.calling_boot_option;
        return;
      case kEvIpl:
        return Text(event, binding);
      case kEvEventTag:
        return EventTag(event, binding);
      default:
        return;
    }
  }

  void Separator(const LoggedEvent& event, const DataBinding& binding) {
    if (binding.form == DataForm::kMismatch) return;
    closed_[event.pcr] = true;
    Append(facts_, facts_.separators,
           SeparatorFact{
               event.number, event.pcr, binding.form == DataForm::kErrorSeparator,
               Shown(ToHex(ByteView(event.data).first(std::min<size_t>(event.data.size(), 16))))});
  }

  // The first of a name counts; a second one makes the log refused (JudgeEventLog).
  void DriverConfig(const LoggedEvent& event, const DataBinding& binding) {
    if (event.pcr != kSecureBootPcr || closed_[kSecureBootPcr]) return;
    if (binding.form != DataForm::kWhole) return;
    const auto variable = ParseUefiVariable(binding.attested);
    if (!variable) return;
    if (variable->guid == kGuidSecurityDatabase) {
      if (variable->name == "db") Database(facts_.db, variable->data);
      if (variable->name == "dbx") Database(facts_.dbx, variable->data);
    }
    if (variable->guid != kGuidGlobalVariable) return;
    if (variable->name == "PK") Database(facts_.pk, variable->data);
    if (variable->name == "KEK") Database(facts_.kek, variable->data);
    if (variable->name == "SecureBoot") SecureBoot(variable->data);
    if (variable->name == "SetupMode") Mode(facts_.setup_mode, variable->data);
    if (variable->name == "AuditMode") Mode(facts_.audit_mode, variable->data);
    if (variable->name == "DeployedMode") Mode(facts_.deployed_mode, variable->data);
  }

  static void Database(SignatureDatabase& database, ByteView data) {
    if (database.logged) return;
    database = {true, ParseSignatureLists(data)};
  }
  void SecureBoot(ByteView data) {
    if (facts_.secure_boot != SecureBootState::kNotLogged) return;
    if (data.size() > 1) {
      facts_.secure_boot = SecureBootState::kMalformed;
    } else {
      const bool on = data.size() == 1 && data[0] == 1;
      facts_.secure_boot = on ? SecureBootState::kOn : SecureBootState::kOff;
    }
  }
  // Anything but one zero byte is "in that mode": a damaged variable must not read as harmless.
  static void Mode(std::optional<bool>& mode, ByteView data) {
    if (!mode) mode = data.size() != 1 || data[0] != 0;
  }

  void Authority(const LoggedEvent& event, const DataBinding& binding) {
    if (binding.attested.empty()) return;
    if (binding.form == DataForm::kAllButLastByte) {
      Quirk(event, "authority event with one byte more than was measured (shim)");
    }
    auto authority = ReadAuthority(binding.attested);
    if (!authority) return;
    authority->event = event.number;
    authority->pcr = event.pcr;
    Append(facts_, facts_.authorities, *std::move(authority));
  }

  void Action(const LoggedEvent& event, const DataBinding& binding) {
    if (binding.form != DataForm::kWhole) return;
    const std::string_view text = WithoutNul(AsText(binding.attested));
    if (event.pcr == kSecureBootPcr) {
      facts_.debug_mode |= text == "UEFI Debug Mode";
      facts_.dma_protection_disabled |= text == "DMA Protection Disabled";
    }
    facts_.calling_boot_option |=
        event.pcr == kBootLoaderPcr && text == "Calling EFI Application from Boot Option";
    facts_.exit_boot_services |= text == "Exit Boot Services Returned with Success";
  }

  void BootEntry(const LoggedEvent& event, const DataBinding& binding) {
    if (binding.form == DataForm::kMismatch) return;
    auto entry = ReadBootEntry(event.data);
    if (!entry) return Quirk(event, "boot variable that cannot be read");
    entry->event = event.number;
    entry->name_attested = binding.form == DataForm::kWhole;
    if (!entry->well_formed)
      Quirk(event, "boot option " + entry->name + " with lengths that do not fit");
    Append(facts_, facts_.boot_entries, *std::move(entry));
  }

  void Text(const LoggedEvent& event, const DataBinding& binding) {
    if (binding.form != DataForm::kText) return;
    auto& list = binding.prefix == "kernel_cmdline" ? facts_.kernel_command_lines
                                                    : facts_.boot_loader_commands;
    Append(facts_, list, TextFact{event.number, Shown(WithoutNul(AsText(binding.attested)))});
  }

  // Windows closes PCR 12 to 14 with a separator of its own; what comes after is not the loader's.
  void EventTag(const LoggedEvent& event, const DataBinding& binding) {
    if (event.pcr < kFirstEventTagPcr || event.pcr > kLastEventTagPcr) return;
    if (closed_[event.pcr] || binding.form != DataForm::kWhole) return;
    ++facts_.event_tags.events;
    CountEventTags(binding.attested, facts_.event_tags);
  }

  void Quirk(const LoggedEvent& event, std::string text) {
    Append(facts_, facts_.quirks, QuirkFact{event.number, std::move(text)});
  }

  BootFacts facts_;
  std::array<bool, 24> closed_{};
};

}  // namespace

std::string Shown(std::string_view text) { return EscapeForLog(text, kShownBytesMax); }

BootFacts CollectBootFacts(const ParsedEventLog& log, const std::vector<DataBinding>& bindings) {
  return Collector().Collect(log, bindings);
}

}  // namespace preseal::server
