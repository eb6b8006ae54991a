// SPDX-License-Identifier: Apache-2.0
// The commands below `trust` and `policy`.
#include <memory>

#include "server/cli/command_tree_parts.h"
#include "server/cli/trust_commands.h"

namespace preseal::server::cli {
namespace {

void AddTrustReading(CLI::App* trust, Action* action) {
  const auto vendor = std::make_shared<std::string>();
  CLI::App* list = trust->add_subcommand("list", "List the certificates");
  list->add_option("--vendor", *vendor, "Only this vendor")->type_name("NAME");
  list->callback(
      [vendor, action] { *action = [vendor](const Cli& cli) { return TrustList(cli, *vendor); }; });

  const auto file = std::make_shared<std::string>();
  CLI::App* explain =
      trust->add_subcommand("explain", "Show how an EK certificate leads to a root, or why not");
  explain->add_option("certificate", *file, "PEM, DER or as read from NV")
      ->required()
      ->type_name("FILE");
  explain->callback(
      [file, action] { *action = [file](const Cli& cli) { return TrustExplain(cli, *file); }; });

  const auto key = std::make_shared<std::string>();
  CLI::App* url = trust->add_subcommand(
      "ek-url", "Print where makers keep an EK's certificate, to fetch it elsewhere");
  url->add_option("key", *key, "Public key, certificate or TPMT_PUBLIC")
      ->required()
      ->type_name("FILE");
  url->callback([key, action] { *action = [key](const Cli& cli) { return EkUrls(cli, *key); }; });

  struct Target {
    std::string to;
    uint64_t version = 0;
  };
  const auto target = std::make_shared<Target>();
  CLI::App* exported = trust->add_subcommand("export", "Write the signed bundle to a file");
  exported->add_option("file", target->to, "Such as trust.jws")->required()->type_name("FILE");
  exported->add_option("--version", target->version, "An older version")->type_name("N");
  exported->callback([target, action] {
    *action = [target](const Cli& cli) { return TrustExport(cli, target->to, target->version); };
  });
}

CLI::App* AddImport(CLI::App* parent, const std::string& help, Action* action) {
  const auto options = std::make_shared<TrustImportOptions>();
  CLI::App* import = parent->add_subcommand("import", help);
  import->add_option("paths", options->paths, "Files and folders")->required()->type_name("FILE");
  import->add_option("--vendor", options->vendor, "Whose they are, instead of the folder's name")
      ->type_name("NAME");
  import->add_flag("--lab", options->lab, "Roots of virtual TPMs: what ends there is marked lab");
  import->add_flag("--dry-run", options->dry_run, "Only say what would happen");
  import->callback([options, action] {
    *action = [options](const Cli& cli) { return TrustImportFiles(cli, *options);
};
}  // namespace
);
return import;
}  // namespace preseal::server::cli

void AddTrustChanging(CLI::App* trust, Action* action) {
  AddImport(trust, "Add TrustedTpm.cab, folders, PEM or DER; or take an exported bundle", action);

  const auto removed = std::make_shared<TrustRemoveOptions>();
  CLI::App* remove = trust->add_subcommand("remove", "Remove certificates or revocation lists");
  remove->add_option("fingerprints", removed->fingerprints, "SHA-256, as trust list shows it")
      ->type_name("SHA256");
  remove->add_option("--vendor", removed->vendor, "All of this vendor")->type_name("NAME");
  remove->add_flag("--dry-run", removed->dry_run, "Only say what would happen");
  remove->callback([removed, action] {
    *action = [removed](const Cli& cli) { return TrustRemove(cli, *removed); };
  });

  const auto vendors = std::make_shared<std::vector<std::string>>();
  CLI::App* narrow =
      trust->add_subcommand("narrow", "Let only some vendors count; without any, all do");
  narrow->add_option("--vendor", *vendors, "Several allowed")->delimiter(',')->type_name("NAME");
  narrow->callback([vendors, action] {
    *action = [vendors](const Cli& cli) { return TrustNarrow(cli, *vendors); };
  });

  struct Sha1 {
    std::string fingerprint;
    std::string reason;
  };
  const auto sha1 = std::make_shared<Sha1>();
  CLI::App* accept = trust->add_subcommand("accept-sha1", "Accept SHA-1 below one authority");
  accept->add_option("fingerprint", sha1->fingerprint, "SHA-256, as trust list shows it")
      ->required()
      ->type_name("SHA256");
  accept->add_option("--reason", sha1->reason, "Why; without one the exception ends")
      ->type_name("TEXT");
  accept->callback([sha1, action] {
    *action = [sha1](const Cli& cli) { return TrustSha1(cli, sha1->fingerprint, sha1->reason); };
  });
}

}  // namespace

void AddTrustCommands(CLI::App* root, Action* action) {
  CLI::App* trust = root->add_subcommand("trust", "Whose word about TPMs counts");
  trust->require_subcommand(1);
  AddTrustReading(trust, action);
  AddTrustChanging(trust, action);

  CLI::App* crl = trust->add_subcommand("crl", "Revocation lists of TPM makers");
  crl->require_subcommand(1);
  crl->add_subcommand("list", "List them with their ages")->callback([action] {
    *action = TrustLists;
  });
  AddImport(crl, "Add revocation lists, DER or PEM", action);

  CLI::App* cache = trust->add_subcommand("ek-cache", "Makers' certificates for EKs without one");
  cache->require_subcommand(1);
  const auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* import = cache->add_subcommand("import", "Add DER, PEM or Intel's JSON answers");
  import->add_option("paths", *paths, "Files and folders")->required()->type_name("FILE");
  import->callback([paths, action] {
    *action = [paths](const Cli& cli) { return EkCacheImport(cli, *paths);
};
});
}

void AddPolicyCommands(CLI::App* root, Action* action) {
  CLI::App* policy = root->add_subcommand("policy", "What is demanded of a TPM");
  policy->require_subcommand(1);
  const auto options = std::make_shared<PolicyApplyOptions>();
  CLI::App* apply = policy->add_subcommand("apply", "Put a policy in force");
  apply->add_option("-f,--file", options->file, "YAML")->required()->type_name("FILE");
  apply->add_flag("--dry-run", options->dry_run, "Only try it on stored evidence");
  apply->callback([options, action] {
    *action = [options](const Cli& cli) { return PolicyApply(cli, *options); };
  });
  const auto tried = std::make_shared<std::string>();
  CLI::App* try_out = policy->add_subcommand(
      "try", "Judge each device's newest evidence by a policy, and store nothing");
  try_out->add_option("-f,--file", *tried, "YAML")->required()->type_name("FILE");
  try_out->callback(
      [tried, action] { *action = [tried](const Cli& cli) { return PolicyTry(cli, *tried); }; });
  const auto version = std::make_shared<uint64_t>(0);
  CLI::App* show = policy->add_subcommand("show", "Show the policy in force, or a version");
  show->add_option("--version", *version, "An older version")->type_name("N");
  show->callback([version, action] {
    *action = [version](const Cli& cli) { return PolicyShow(cli, *version); };
  });
  policy->add_subcommand("list", "List versions")->callback([action] { *action = PolicyList; });
}

}  // namespace preseal::server::cli
