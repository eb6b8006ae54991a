// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/ca_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::server {
namespace {

constexpr std::string_view kRetiredSuffix = ".retired";

std::string Stem(std::string_view base, int generation) {
  return generation == 1 ? std::string(base) : fmt::format("{}-{}", base, generation);
}

CaFiles::Pair PairIn(const std::filesystem::path& folder, const std::string& stem) {
  return {folder / (stem + ".key"), folder / (stem + ".pem")};
}

// The generation of a file "STEM[-N]SUFFIX"; 0 for any other name.
int GenerationOf(std::string_view name, std::string_view stem, std::string_view suffix) {
  if (!name.starts_with(stem) || !name.ends_with(suffix)) return 0;
  if (name.size() < stem.size() + suffix.size()) return 0;
  std::string_view number = name.substr(stem.size(), name.size() - stem.size() - suffix.size());
  if (number.empty()) return 1;
  if (number.front() != '-') return 0;
  number.remove_prefix(1);
  int generation = 0;
  const char* const end = number.data() + number.size();
  const auto [parsed, error] = std::from_chars(number.data(), end, generation);
  const bool whole = error == std::errc() && parsed == end && number.front() != '0';
  return whole && generation > 1 ? generation : 0;
}

}  // namespace

std::string_view NameOf(Authority authority) {
  switch (authority) {
    case Authority::kServer:
      return "server";
    case Authority::kStation:
      return "station";
    case Authority::kDevice:
      return "device";
    case Authority::kLab:
      return "lab";
    case Authority::kSeal:
      return "seal";
  }
  return "";
}

std::optional<Authority> ParseAuthority(std::string_view name) {
  for (const Authority authority : kAuthorities) {
    if (NameOf(authority) == name) return authority;
  }
  return std::nullopt;
}

WallTime::duration LeafLife(Authority authority) {
  switch (authority) {
    case Authority::kServer:
      return kServerCertificateLife;
    case Authority::kStation:
      return kStationCertificateLife;
    case Authority::kDevice:
    case Authority::kLab:
      return kDeviceCertificateLife;
    case Authority::kSeal:
      return kSealSignerCertificateLife;
  }
  return {};
}

CaFiles::CaFiles(const std::filesystem::path& place)
    : folder(place),
      server(PairIn(place, "server")),
      server_ca(Issuer(Authority::kServer, 1)),
      station_ca(Issuer(Authority::kStation, 1)),
      device_ca(Issuer(Authority::kDevice, 1)),
      lab_ca(Issuer(Authority::kLab, 1)),
      seal_ca(Issuer(Authority::kSeal, 1)),
      seal_signer(SealSigner(1)) {}

CaFiles::Pair CaFiles::Issuer(Authority authority, int generation) const {
  return PairIn(folder, Stem(fmt::format("{}-ca", NameOf(authority)), generation));
}

CaFiles::Pair CaFiles::SealSigner(int generation) const {
  return PairIn(folder, Stem("seal-signer", generation));
}

std::filesystem::path CaFiles::ServerLink(int generation) const {
  return folder / (Stem("server-ca-link", generation) + ".pem");
}

std::filesystem::path CaFiles::Retired(const Pair& pair) {
  return pair.certificate.native() + std::string(kRetiredSuffix);
}

StatusOr<std::vector<int>> CaFiles::WithSuffix(Authority authority, std::string_view suffix) const {
  const std::string stem = fmt::format("{}-ca", NameOf(authority));
  std::error_code error;
  std::vector<int> found;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const int generation = GenerationOf(entry->path().filename().native(), stem, suffix);
    if (generation > 0) found.push_back(generation);
  }
  if (error) return files::FromErrno(error.value(), "list", folder.native());
  if (found.size() > kCaGenerationsMax) {
    return ResourceExhausted(
        fmt::format("{} holds too many {} CAs", folder.native(), NameOf(authority)));
  }
  std::sort(found.begin(), found.end());
  return found;
}

StatusOr<std::vector<int>> CaFiles::Generations(Authority authority) const {
  return WithSuffix(authority, ".pem");
}

StatusOr<std::vector<int>> CaFiles::RetiredGenerations(Authority authority) const {
  return WithSuffix(authority, ".pem" + std::string(kRetiredSuffix));
}

StatusOr<int> CaFiles::NextGeneration(Authority authority) const {
  ASSIGN_OR_RETURN(const auto live, Generations(authority));
  ASSIGN_OR_RETURN(const auto retired, RetiredGenerations(authority));
  const int highest_live = live.empty() ? 1 : live.back();
  const int highest_retired = retired.empty() ? 1 : retired.back();
  return std::max(highest_live, highest_retired) + 1;
}

}  // namespace preseal::server
