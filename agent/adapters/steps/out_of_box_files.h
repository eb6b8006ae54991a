// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/adapters/steps/target_root.h"
#include "agent/service/person/out_of_box_target.h"

namespace preseal::agent::steps {

// The answers of the first boot as files of a Debian-like system:
//   language  LANG in /etc/locale.conf if that is there, else in /etc/default/locale
//   keyboard  XKBLAYOUT in /etc/default/keyboard
//   wireless  /etc/NetworkManager/system-connections/preseal-first-boot.nmconnection, 0600; on the
//             running system ("/") NetworkManager is told
// Other lines of these files stay. They count from the next login on; a locale that the image does
// not have falls back to C as everywhere. What must be remembered lies in one JSON file.
class OutOfBoxFiles final : public OutOfBoxTarget {
 public:
  //   target       outlives this
  //   memory_file  on this system
  OutOfBoxFiles(TargetRoot& target, std::string memory_file)
      : target_(target), memory_file_(std::move(memory_file)) {}

  StatusOr<SetupMemory> Load() override;
  Status Save(const SetupMemory& memory) override;
  Status SetLanguage(const std::string& language) override;
  Status SetKeyboard(const std::string& layout) override;
  Status AddWireless(const std::string& name, const std::string& key) override;

 private:
  Status SetVariable(const std::string& path, const std::string& variable,
                     const std::string& value);

  TargetRoot& target_;
  const std::string memory_file_;
};

}  // namespace preseal::agent::steps
