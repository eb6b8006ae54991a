// SPDX-License-Identifier: Apache-2.0
// Names in the folder of our certificate authorities; docs/formats.md "Certificate authorities".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/status/status.h"

namespace preseal::server {

// Five authorities that never vouch for each other's subjects.
enum class Authority {
  kServer,   // signs `server`
  kStation,  // signs the certificates on imaging media
  kDevice,   // signs device certificates
  kLab,      // signs device certificates of lab machines
  kSeal,     // signs the seal signer, which signs birth certificates
};
inline constexpr Authority kAuthorities[] = {Authority::kServer, Authority::kStation,
                                             Authority::kDevice, Authority::kLab, Authority::kSeal};
// "server", "station", "device", "lab", "seal": in file names and commands.
std::string_view NameOf(Authority authority);
std::optional<Authority> ParseAuthority(std::string_view name);
// Longest life of a certificate it issues.
WallTime::duration LeafLife(Authority authority);

// Keys are 0600, certificates 0644, all PEM, one object each; only `server.certificate` holds the
// links after its leaf. A key file may hold a PKCS#11 URI instead (pkcs11_key.h).
//
// An authority's issuing keys are generations: 1 is "device-ca.key" and "device-ca.pem", 2 is
// "device-ca-2.key" and so on. A generation exists from the moment its certificate does, which is
// written last, until the certificate is renamed to "….retired".
struct CaFiles {
  explicit CaFiles(const std::filesystem::path& folder);

  struct Pair {
    std::filesystem::path key;
    std::filesystem::path certificate;
  };
  Pair Issuer(Authority authority, int generation) const;
  // What signs birth certificates under that generation of the seal authority.
  Pair SealSigner(int generation) const;
  // The server authority's `generation` (from 2) certified by the one before it.
  std::filesystem::path ServerLink(int generation) const;
  static std::filesystem::path Retired(const Pair& pair);

  // Ascending, retired ones left out; empty if there is none. Errors of the file system;
  // RESOURCE_EXHAUSTED: more than kCaGenerationsMax.
  StatusOr<std::vector<int>> Generations(Authority authority) const;
  StatusOr<std::vector<int>> RetiredGenerations(Authority authority) const;
  // The number a new generation takes: one after the highest ever used. Never 1.
  StatusOr<int> NextGeneration(Authority authority) const;

  std::filesystem::path folder;
  Pair server;  // what every port of the server shows
  // Generation 1 of each.
  Pair server_ca;
  Pair station_ca;
  Pair device_ca;
  Pair lab_ca;
  Pair seal_ca;
  Pair seal_signer;

 private:
  StatusOr<std::vector<int>> WithSuffix(Authority authority, std::string_view suffix) const;
};

}  // namespace preseal::server
