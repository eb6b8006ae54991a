// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "agent/adapters/console/screen.h"
#include "common/base/guarded.h"

namespace preseal::agent {

// Shows every change as one line and nothing twice; stable, for grep:
//   activity Creating TPM keys
//   connection online
//   landing device=D-1042 serial=SN-1 profile=kiosk user="" organisation="Example Ltd" lab=true
//   url="…" item id=browser state=in-progress percent=40 title="Install the browser" item
//   id=browser state=failed percent=40 code=EXIT_CODE exit=3 message="…" title="Install the
//   browser" log item=browser Unpacking… result outcome=failed seconds=245 code=EXIT_CODE title="…"
//   message="…" remedy="…"
//   question id=item/asset-tag title="…" text="…" choices="a | b" complaint="…"
//   notice Retry accepted
// Where the profile wants no progress shown, items are left out. Percent is reported in steps of
// kPlainProgressPercentStep. Texts are escaped; values with anything but [A-Za-z0-9._:/@+-] are
// quoted. Not thread-safe but for Typed, which takes whole lines.
class PlainDisplay final : public Screen {
 public:
  // `write` gets each line with its newline and must not throw.
  explicit PlainDisplay(std::function<void(const std::string&)> write);

  void ShowActivity(std::string_view text) override;
  void ShowConnection(bool connected, std::string_view detail) override;
  void ShowLanding(const LandingCard& card) override;
  void ShowItems(std::span<const Item> items, std::chrono::seconds elapsed) override;
  void ShowLog(std::string_view item_id, std::string_view line) override;
  void ShowResult(const ResultCard& card) override;
  void ShowQuestion(const std::optional<Question>& question) override;
  void ShowNotice(std::string_view text) override;
  std::vector<InputEvent> Typed(std::string_view bytes) override;

 private:
  // Writes `line` unless it equals `*last`, then remembers it.
  void WriteIfNew(std::string line, std::string* last);

  std::function<void(const std::string&)> write_;
  std::string last_activity_;
  std::string last_connection_;
  std::string last_landing_;
  std::string last_result_;
  std::map<std::string, Item, std::less<>> shown_items_;  // as last written
  bool quiet_ = false;
  std::string error_message_;  // the profile's own, for the red card

  struct Input {
    Editor editor;
    std::string line;  // begun
  };
  Guarded<Input> input_;
};

std::string_view NameOf(ItemState state);

}  // namespace preseal::agent
