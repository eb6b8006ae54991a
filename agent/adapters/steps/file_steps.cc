// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/file_steps.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "agent/adapters/steps/results.h"
#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr mode_t kPublicMode = 0644;
constexpr mode_t kSecretMode = 0600;  // NetworkManager ignores keyfiles that others can read
constexpr size_t kCopyBytes = 1024 * 1024;

struct NetworkFile {
  std::string path;
  mode_t mode;
};

NetworkFile FileOf(const NetworkProfileStep& network) {
  switch (network.format) {
    case NetworkProfileStep::Format::kSystemdNetworkd:
      return {"/etc/systemd/network/" + network.name + ".network", kPublicMode};
    case NetworkProfileStep::Format::kNetworkManagerKeyfile:
      return {"/etc/NetworkManager/system-connections/" + network.name + ".nmconnection",
              kSecretMode};
  }
  std::abort();
}

Status CopyAll(int from, int to, const std::string& path, const std::stop_token& stop) {
  Bytes buffer(kCopyBytes);
  while (true) {
    if (stop.stop_requested()) return Cancelled("stopped");
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return files::FromErrno(errno, "read artefact for", path);
    if (got == 0) return OkStatus();
    RETURN_IF_ERROR(files::WriteAll(to, ByteView(buffer).first(static_cast<size_t>(got)), path));
  }
}

}  // namespace

StepResult FileSteps::CheckFile(const std::string& path, mode_t mode, uint64_t size,
                                const std::array<uint8_t, 32>& sha256) {
  const auto facts = target_.Look(path);
  if (!facts.ok()) return FromTargetStatus(facts.status());
  if (!*facts) return NotInPlace(path + " does not exist");
  if (!S_ISREG((*facts)->mode)) return NotInPlace(path + " is not a regular file");
  if ((*facts)->size != size || (*facts)->sha256 != sha256) {
    return NotInPlace(path + " has other content");
  }
  const mode_t seen = (*facts)->mode & 07777;
  if (seen != mode) return NotInPlace(fmt::format("{} has mode {:o}, not {:o}", path, seen, mode));
  return Done();
}

StepResult FileSteps::CheckBytes(const std::string& path, mode_t mode, ByteView content) {
  return CheckFile(path, mode, content.size(), crypto::Sha256(content));
}

StepResult FileSteps::Check(const FileStep& file) {
  if (const auto* artifact = std::get_if<Artifact>(&file.source)) {
    return CheckFile(file.path, file.mode, artifact->size, artifact->sha256);
  }
  return CheckBytes(file.path, file.mode, std::get<Bytes>(file.source));
}

StepResult FileSteps::Check(const CertificateStep& certificate) {
  const auto parsed = crypto::ParsePemBundle(AsText(certificate.pem));
  if (!parsed.ok()) return FailedForGood(ItemCode::kContentInvalid, MessageOf(parsed.status()));
  if (parsed->empty()) return FailedForGood(ItemCode::kContentInvalid, "no certificate in the PEM");
  return CheckBytes(certificate.path, kPublicMode, certificate.pem);
}

StepResult FileSteps::Check(const NetworkProfileStep& network) {
  const NetworkFile file = FileOf(network);
  return CheckBytes(file.path, file.mode, AsBytes(network.content));
}

StepResult FileSteps::Apply(const Step& step, const FileStep& file, StepObserver& observer,
                            std::stop_token stop) {
  const auto* artifact = std::get_if<Artifact>(&file.source);
  if (artifact == nullptr) {
    return FromTargetStatus(target_.WriteBytes(file.path, file.mode, std::get<Bytes>(file.source)));
  }
  const auto on_percent = [&observer](uint32_t percent) { observer.OnPercent(percent * 9 / 10); };
  const auto source = artifacts_.Fetch(*artifact, step.timeout, on_percent, stop);
  if (!source.ok()) return FromArtifactStatus(source.status());
  return CopyFrom(*source, file, stop);
}

StepResult FileSteps::CopyFrom(const std::string& source, const FileStep& file,
                               std::stop_token stop) {
  const UniqueFd from(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from.valid()) return FromArtifactStatus(files::FromErrno(errno, "open", source));
  const auto fill = [&from, &file, &stop](int fd) {
    return CopyAll(from.get(), fd, file.path, stop);
  };
  return FromTargetStatus(target_.Write(file.path, file.mode, fill));
}

StepResult FileSteps::Apply(const CertificateStep& certificate) {
  return FromTargetStatus(target_.WriteBytes(certificate.path, kPublicMode, certificate.pem));
}

StepResult FileSteps::Apply(const NetworkProfileStep& network) {
  const NetworkFile file = FileOf(network);
  return FromTargetStatus(target_.WriteBytes(file.path, file.mode, AsBytes(network.content)));
}

}  // namespace preseal::agent::steps
