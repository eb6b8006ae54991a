// SPDX-License-Identifier: Apache-2.0
// The server's own sign-in, driven from outside: `oidc_probe CONFIG` reads the settings from a
// preseal.yaml, then one command per line from standard input, "begin" or "poll DEVICE_CODE", and
// answers each with one line of JSON: what came back, or {"error": CODE, "message": TEXT}.
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "server/adapters/config/server_config.h"
#include "server/adapters/oidc/oidc_provider.h"

namespace preseal::server {
namespace {

using Json = nlohmann::json;

Json Failed(const Status& status) {
  const std::string text = ToString(status);
  return {{"error", text.substr(0, text.find(':'))}, {"message", MessageOf(status)}};
}

Json Begin(SignInProvider* provider) {
  const auto begun = provider->Begin();
  if (!begun.ok()) return Failed(begun.status());
  return {{"device_code", begun->device_code},
          {"user_code", begun->user_code},
          {"verification_uri", begun->verification_uri},
          {"verification_uri_complete", begun->verification_uri_complete},
          {"interval", begun->interval.count()},
          {"expires_in", begun->expires_in.count()}};
}

Json Poll(SignInProvider* provider, const std::string& device_code) {
  const auto poll = provider->Poll(device_code);
  if (!poll.ok()) return Failed(poll.status());
  Json answer{{"outcome", ToText(poll->outcome)}};
  if (poll->outcome == SignInOutcome::kSignedIn) {
    answer["user"] = {{"issuer", poll->user.issuer},
                      {"subject", poll->user.subject},
                      {"username", poll->user.username},
                      {"display_name", poll->user.display_name},
                      {"email", poll->user.email}};
  }
  return answer;
}

StatusOr<std::unique_ptr<OidcProvider>> OpenFrom(const char* file, const Clock& clock) {
  ASSIGN_OR_RETURN(const ServerConfig config, LoadConfig(file));
  if (!config.oidc) return InvalidArgument("the configuration names no provider");
  return OidcProvider::Open(*config.oidc, clock);
}

int Run(const char* file) {
  const SystemClock clock;
  const auto provider = OpenFrom(file, clock);
  if (!provider.ok()) {
    std::cerr << "oidc_probe: " << ToString(provider.status()) << '\n';
    return 1;
  }
  static constexpr std::string_view kPoll = "poll ";
  for (std::string line; std::getline(std::cin, line);) {
    const Json answer = line.starts_with(kPoll) ? Poll(provider->get(), line.substr(kPoll.size()))
                                                : Begin(provider->get());
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace preseal::server

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: oidc_probe CONFIG\n";
    return 2;
  }
  return preseal::server::Run(arguments[1]);
}
