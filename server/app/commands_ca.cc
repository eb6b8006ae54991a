// SPDX-License-Identifier: Apache-2.0
// `preseal-server ca …`: the issuing keys of the authorities.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>

#include "common/base/clock.h"
#include "server/adapters/ca/ca_rotation.h"
#include "server/app/commands.h"
#include "server/app/server_app.h"
#include "server/app/server_names.h"

namespace preseal::server {
namespace {

int Fail(const Status& status) {
  fmt::print(stderr, "preseal-server: {}\n", MessageOf(status));
  return 1;
}

StatusOr<RotationRequest> RequestFor(const ServerConfig& config, const std::string& authority) {
  const auto known = ParseAuthority(authority);
  if (!known) {
    return InvalidArgument("authority must be device, lab, station, server or seal");
  }
  RotationRequest request{.authority = *known};
  if (*known == Authority::kDevice) request.key_uri = config.ca_device_key;
  request.organisation = config.organisation;
  request.names = NamesOf(config);
  return request;
}

std::string Day(WallTime time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

// Who has to learn of it, which is not the same for any two.
const char* AfterRotation(Authority authority) {
  switch (authority) {
    case Authority::kDevice:
    case Authority::kLab:
      return "Devices keep their certificates; new and renewed ones come from the new key.";
    case Authority::kStation:
      return "Imaging media keep working until they end; make new ones with preseal-server "
             "station.";
    case Authority::kServer:
      return "Devices follow the new key while the old one is valid; new media carry both.";
    case Authority::kSeal:
      return "Give the new seal CA's certificate to everybody who verifies birth certificates.";
  }
  return "";
}

}  // namespace

int RunCaRotate(const std::string& config_file, const std::string& authority) {
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  const auto request = RequestFor(*config, authority);
  if (!request.ok()) return Fail(request.status());
  const auto generation = RotateCa(CaFolder(*config), *request, SystemClock().Now());
  if (!generation.ok()) return Fail(generation.status());
  const CaFiles files(CaFolder(*config));
  fmt::print("{} generation {}: {}\n", authority, *generation,
             files.Issuer(request->authority, *generation).certificate.native());
  fmt::print(stderr, "{}\nSend SIGHUP to the running server, or restart it.\n",
             AfterRotation(request->authority));
  return 0;
}

int RunCaRetire(const std::string& config_file, const std::string& authority, int generation) {
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  const auto request = RequestFor(*config, authority);
  if (!request.ok()) return Fail(request.status());
  const Status status = RetireCa(CaFolder(*config), *request, generation, SystemClock().Now());
  if (!status.ok()) return Fail(status);
  fmt::print("{} generation {} retired\n", authority, generation);
  fmt::print(stderr,
             "What it signed is trusted no longer once the running server got SIGHUP or was "
             "restarted.\n");
  return 0;
}

int RunCaList(const std::string& config_file) {
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  const auto all = ListCa(CaFolder(*config), SystemClock().Now());
  if (!all.ok()) return Fail(all.status());
  fmt::print("{:<9} {:>3}  {:<8} {:<6} {:<11} {:<14} {}\n", "AUTHORITY", "GEN", "STATE", "KEY",
             "ENDS", "TRUSTED UNTIL", "SHA-256");
  for (const CaListing& one : *all) {
    const bool retired = one.state == "retired";
    const std::string key = retired ? "-" : one.in_token ? "token" : "file";
    fmt::print("{:<9} {:>3}  {:<8} {:<6} {:<11} {:<14} {}\n", NameOf(one.authority), one.generation,
               one.state, key, Day(one.not_after), retired ? "-" : Day(one.trusted_until),
               one.fingerprint);
  }
  return 0;
}

}  // namespace preseal::server
