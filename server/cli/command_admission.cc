// SPDX-License-Identifier: Apache-2.0
// trust ek-list, trust order-code, trust golden.
#include <fmt/format.h>

#include <filesystem>

#include "preseal/identity/v1/identity.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/ek_file.h"
#include "server/cli/input_file.h"
#include "server/cli/names.h"
#include "server/cli/views_identity.h"

namespace preseal::server::cli {
namespace {

using Identity = identity_v1::IdentityService::Stub;

std::string GoldenName(const std::string& id) {
  if (id.starts_with("goldenSets/")) return id;
  return "goldenSets/" + (id.starts_with("G-") ? id : "G-" + id);
}

}  // namespace

StatusOr<ExitCode> ImportEkList(const Cli& cli, const EkListOptions& options) {
  ASSIGN_OR_RETURN(const std::string text,
                   ReadInput(cli.terminal(), options.file, kCliFileBytesMax));
  ASSIGN_OR_RETURN(const auto eks, ReadEkFile(text));
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  identity_v1::ImportListedEksRequest request;
  ASSIGN_OR_RETURN(*request.mutable_batch(), BatchName(options.batch));
  for (const auto& ek : eks) request.add_ek_spki_sha256(ToString(ek));
  request.set_source(std::filesystem::path(options.file).filename().string());
  ASSIGN_OR_RETURN(const auto imported, connection->Call(&Identity::ImportListedEks, request));
  cli.Print(EkImportReport(imported));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListEkList(const Cli& cli, const EkListOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  identity_v1::ListListedEksRequest request;
  ASSIGN_OR_RETURN(*request.mutable_batch(), BatchName(options.batch));
  request.set_page_size(kPageSizeMax);
  identity_v1::ListListedEksResponse all;
  do {
    ASSIGN_OR_RETURN(auto page, connection->Call(&Identity::ListListedEks, request));
    for (auto& ek : *page.mutable_eks()) *all.add_eks() = std::move(ek);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && static_cast<size_t>(all.eks_size()) < kListedEksMax);
  cli.Print(EkListReport(all));
  return ExitCode::kOk;
}

StatusOr<ExitCode> RemoveEkList(const Cli& cli, const EkListOptions& options) {
  if (options.ek.empty() != options.all) {
    return InvalidArgument("name one EK, or --all for the whole list");
  }
  identity_v1::RemoveListedEksRequest request;
  if (!options.all) {
    const auto digest = FromHex(options.ek);
    if (!digest.ok() || digest->size() != 32) {
      return InvalidArgument("an EK is named by its SHA-256: 64 hex digits");
    }
    request.set_ek_spki_sha256(ToString(*digest));
  }
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(*request.mutable_batch(), BatchName(options.batch));
  request.set_reason(options.reason);
  ASSIGN_OR_RETURN(const auto removed, connection->Call(&Identity::RemoveListedEks, request));
  cli.Say(fmt::format("{} removed", removed.removed()));
  return ExitCode::kOk;
}

StatusOr<ExitCode> NewOrderCode(const Cli& cli, const OrderCodeOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  identity_v1::CreateOrderCodeRequest request;
  ASSIGN_OR_RETURN(*request.mutable_batch(), BatchName(options.batch));
  request.set_uses(options.uses);
  request.mutable_life()->set_seconds(options.life.count());
  ASSIGN_OR_RETURN(const auto made, connection->Call(&Identity::CreateOrderCode, request));
  if (cli.format() == OutputFormat::kJson) {
    Report report;
    report.json = ToJson(made);
    cli.Print(report);
    return ExitCode::kOk;
  }
  // Alone on standard output, as with API tokens.
  cli.Say(fmt::format("order code {} for {}, {} uses, valid until {}; it is shown once:",
                      IdOf(made.order_code().name()), IdOf(made.order_code().batch()),
                      made.order_code().uses(), TimeText(made.order_code().expire_time())));
  cli.Print(made.code() + "\n");
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListOrderCodes(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto codes, connection->Call(&Identity::ListOrderCodes,
                                                      identity_v1::ListOrderCodesRequest()));
  cli.Print(OrderCodesReport(codes));
  return ExitCode::kOk;
}

StatusOr<ExitCode> RevokeOrderCode(const Cli& cli, const OrderCodeOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  identity_v1::RevokeOrderCodeRequest request;
  request.set_name(options.code.starts_with("orderCodes/") ? options.code
                                                           : "orderCodes/" + options.code);
  request.set_reason(options.reason);
  RETURN_IF_ERROR(connection->Call(&Identity::RevokeOrderCode, request).status());
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListGoldenSets(const Cli& cli, const GoldenOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  identity_v1::ListGoldenSetsRequest request;
  request.set_manufacturer(options.manufacturer);
  request.set_model(options.model);
  ASSIGN_OR_RETURN(const auto sets, connection->Call(&Identity::ListGoldenSets, request));
  cli.Print(GoldenSetsReport(sets));
  return ExitCode::kOk;
}

StatusOr<ExitCode> DecideGolden(const Cli& cli, const GoldenOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  StatusOr<identity_v1::GoldenSet> set = Internal("no such command");
  switch (options.verb) {
    case GoldenVerb::kShow: {
      identity_v1::GetGoldenSetRequest request;
      request.set_name(GoldenName(options.id));
      set = connection->Call(&Identity::GetGoldenSet, request);
      break;
    }
    case GoldenVerb::kApprove: {
      identity_v1::ApproveGoldenSetRequest request;
      request.set_name(GoldenName(options.id));
      request.set_reason(options.reason);
      set = connection->Call(&Identity::ApproveGoldenSet, request);
      break;
    }
    case GoldenVerb::kRetire: {
      identity_v1::RetireGoldenSetRequest request;
      request.set_name(GoldenName(options.id));
      request.set_reason(options.reason);
      set = connection->Call(&Identity::RetireGoldenSet, request);
      break;
    }
  }
  RETURN_IF_ERROR(set.status());
  cli.Print(GoldenSetReport(*set));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
