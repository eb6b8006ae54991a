// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/hand_over.h"

#include <fmt/format.h>

#include <array>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr std::array kIdentityNames = {"key-uniques.json", "identity.json", "device-chain.pem"};
constexpr char kUnit[] = "/etc/systemd/system/preseal-user-flow.service";
constexpr char kUnitLink[] =
    "/etc/systemd/system/multi-user.target.wants/preseal-user-flow.service";

// It ends up between quotes in a file of options, and in a unit.
bool IsPlain(std::string_view value) {
  for (const char c : value) {
    if (c < 0x20 || c == 0x7F || c == '"' || c == '\\' || c == '%' || c == '$') return false;
  }
  return true;
}

std::string ConfigOf(const HandOver& hand_over) {
  return fmt::format(
      "# Written when this device was sealed; read by preseal-user-flow.service.\n"
      "[run]\n"
      "flow = \"user\"\n"
      "device-endpoint = \"{}\"\n"
      "server-name = \"{}\"\n"
      "tcti = \"{}\"\n",
      hand_over.device_endpoint, hand_over.server_name, hand_over.tcti);
}

// A oneshot before the logins: the device is its user's only once the agent has ended.
std::string UnitOf(const HandOver& hand_over) {
  return fmt::format(
      "[Unit]\n"
      "Description=Preseal: set this device up for its user\n"
      "ConditionPathExists=!{1}/in-service\n"
      "ConditionFileIsExecutable={0}\n"
      "Wants=network-online.target\n"
      "After=network-online.target\n"
      "Before=getty@tty1.service display-manager.service\n"
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "ExecStart={0} run --config {1}/agent.conf\n"
      "TimeoutStartSec=infinity\n"
      "Restart=on-failure\n"
      "RestartSec=5\n"
      "RestartForceExitStatus=75\n"
      "StandardInput=tty\n"
      "StandardOutput=tty\n"
      "TTYPath=/dev/tty1\n"
      "TTYReset=yes\n"
      "\n"
      "[Install]\n"
      "WantedBy=multi-user.target\n",
      hand_over.agent_program, kUserFlowHome);
}

Status CheckValues(const HandOver& hand_over) {
  for (const std::string* value : {&hand_over.device_endpoint, &hand_over.server_name,
                                   &hand_over.tcti, &hand_over.agent_program}) {
    if (!IsPlain(*value)) {
      return FailedPrecondition("cannot be handed over to the user flow: " +
                                EscapeForLog(*value, kNameBytesMax));
    }
  }
  return OkStatus();
}

}  // namespace

Status LayDownUserFlow(TargetRoot& target, const HandOver& hand_over) {
  RETURN_IF_ERROR(CheckValues(hand_over));
  const std::string home = kUserFlowHome;
  RETURN_IF_ERROR(target.MakeDirectory(home, 0700));
  RETURN_IF_ERROR(target.MakeDirectory(home + "/identity", 0700));
  for (const char* name : kIdentityNames) {
    ASSIGN_OR_RETURN(const Bytes content,
                     files::Read(hand_over.identity_directory + "/" + name, kIdentityFileBytesMax));
    RETURN_IF_ERROR(target.WriteBytes(home + "/identity/" + name, 0600, content));
  }
  RETURN_IF_ERROR(
      target.WriteBytes(home + "/server-ca.pem", 0644, AsBytes(hand_over.server_ca_pem)));
  RETURN_IF_ERROR(target.WriteBytes(home + "/agent.conf", 0644, AsBytes(ConfigOf(hand_over))));
  RETURN_IF_ERROR(target.WriteBytes(kUnit, 0644, AsBytes(UnitOf(hand_over))));
  return target.MakeSymlink(kUnitLink, kUnit);
}

}  // namespace preseal::agent::steps
