// SPDX-License-Identifier: Apache-2.0
#include "server/cli/birth_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/bytes.h"
#include "common/crypto/encoding.h"

namespace preseal::server::cli {
namespace {

using Json = nlohmann::ordered_json;

Json Parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ScalarText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : Dump(value);
}

// What people call the members they know; others keep their own name.
std::string LabelOf(const std::string& key) {
  static const auto& labels =
      *new std::map<std::string, std::string>{{"iss", "Issuer"},
                                              {"iat", "Sealed at"},
                                              {"sub", "Device"},
                                              {"serial_number", "Serial"},
                                              {"manufacturer", "Manufacturer"},
                                              {"model", "Model"},
                                              {"batch", "Batch"},
                                              {"agent_version", "Agent"},
                                              {"server_version", "Server"},
                                              {"sealed_requested_by", "Sealed by"},
                                              {"device_name", "Name"},
                                              {"assigned_user", "Assigned to"},
                                              {"signed_in_user", "Signed in"},
                                              {"deployment_state", "Result"}};
  const auto found = labels.find(key);
  return found == labels.end() ? key : found->second;
}

void AddFact(Section* section, const std::string& label, const std::string& text,
             Tone tone = Tone::kPlain) {
  section->table.rows.push_back({{label, Tone::kDim}, {text, tone}});
}

// One member: scalars as facts, objects one level deep as "profile name", arrays of scalars joined.
void AddMember(Section* section, const std::string& label, const Json& value) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) AddMember(section, label + " " + key, inner);
  } else if (value.is_array()) {
    std::string joined;
    for (const Json& element : value) joined += (joined.empty() ? "" : ", ") + ScalarText(element);
    AddFact(section, label, joined.empty() ? "none" : joined);
  } else {
    AddFact(section, label, ScalarText(value));
  }
}

std::string TextAt(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? "" : ScalarText(*found);
}

Section ItemsSection(const std::string& title, const Json& items) {
  Section section;
  section.title = title;
  section.table.columns = {"ITEM", "STATE", "NAME"};
  for (const Json& item : items) {
    const bool in_place = TextAt(item, "already_done") == "true";
    section.table.rows.push_back({{TextAt(item, "id")},
                                  {TextAt(item, "state") + (in_place ? " (in place)" : "")},
                                  {TextAt(item, "name")}});
  }
  return section;
}

bool IsLab(const Json& payload) {
  if (TextAt(payload, "lab") == "true") return true;
  const auto attestation = payload.find("attestation");
  return attestation != payload.end() && TextAt(*attestation, "lab") == "true";
}

}  // namespace

std::string TimeText(WallTime time) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  constexpr int64_t kYear9999 = 253'402'300'799;
  if (seconds < 0 || seconds > kYear9999) return "no end";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

StatusOr<BirthClaims> ReadBirthClaims(std::string_view payload) {
  const Json json = Parse(payload);
  if (!json.is_object()) return InvalidArgument("the payload is no JSON object");
  BirthClaims claims;
  claims.serial_number = TextAt(json, "serial_number");
  claims.device = TextAt(json, "sub");
  const auto issued = json.find("iat");
  constexpr int64_t kYear9999 = 253'402'300'799;
  if (issued != json.end() && issued->is_number_integer() && issued->get<int64_t>() > 0 &&
      issued->get<int64_t>() <= kYear9999) {
    claims.issued = issued->get<int64_t>();
  }
  return claims;
}

StatusOr<std::string> UncheckedPayload(std::string_view jws) {
  const size_t first = jws.find('.');
  const size_t second = first == std::string_view::npos ? first : jws.find('.', first + 1);
  if (second == std::string_view::npos) return InvalidArgument("not a compact JWS");
  ASSIGN_OR_RETURN(const Bytes payload,
                   crypto::Base64UrlDecode(jws.substr(first + 1, second - first - 1)));
  return preseal::ToString(ByteView(payload));
}

std::string_view UncheckedType(std::string_view jws) {
  const auto header = crypto::Base64UrlDecode(jws.substr(0, jws.find('.')));
  if (!header.ok()) return crypto::kBirthCertificateType;
  const Json json = Parse(preseal::ToString(ByteView(*header)));
  return TextAt(json, "typ") == crypto::kServiceRecordType ? crypto::kServiceRecordType
                                                           : crypto::kBirthCertificateType;
}

Report AcceptedReport(const crypto::JwsVerdict& verdict, std::string_view type,
                      bool at_signing_time) {
  Report report;
  const Json payload = Parse(verdict.payload);
  Section facts{.title = "", .facts = true, .table = {{"", ""}, {}}, .when_empty = ""};
  facts.table.rows.push_back({{"Verdict", Tone::kDim}, {"VALID", Tone::kGood, true}});
  const bool service = type == crypto::kServiceRecordType;
  AddFact(&facts, "Record", service ? "service record" : "birth certificate");
  if (IsLab(payload)) AddFact(&facts, "Attested", "LAB - not for production", Tone::kWarn);
  for (const auto& [key, value] : payload.items()) {
    if (key == "items" || key == "added_since_seal") continue;
    if (key == "iat" && value.is_number_integer()) {
      AddFact(&facts, service ? "In service at" : LabelOf(key),
              TimeText(WallTime(std::chrono::seconds(value.get<int64_t>()))));
    } else {
      AddMember(&facts, LabelOf(key), value);
    }
  }
  const crypto::Certificate& signer = *verdict.signer;
  AddFact(&facts, "Signer", signer.subject());
  AddFact(&facts, "Signer valid",
          TimeText(signer.not_before()) + " to " + TimeText(signer.not_after()));
  if (at_signing_time)
    AddFact(&facts, "Judged",
            fmt::format("as of the time it says it was {}", service ? "signed" : "sealed"),
            Tone::kWarn);
  report.sections.push_back(std::move(facts));
  if (const auto items = payload.find("items"); items != payload.end() && items->is_array()) {
    report.sections.push_back(ItemsSection("Items", *items));
  }
  if (const auto added = payload.find("added_since_seal");
      added != payload.end() && added->is_array() && !added->empty()) {
    report.sections.push_back(ItemsSection("Added since the seal", *added));
  }
  const Json json = {{"valid", true},
                     {"type", type},
                     {"judgedAtSigningTime", at_signing_time},
                     {"signer",
                      {{"subject", signer.subject()},
                       {"issuer", signer.issuer()},
                       {"notBefore", TimeText(signer.not_before())},
                       {"notAfter", TimeText(signer.not_after())}}},
                     {"payload", payload}};
  report.json = Dump(json);
  report.csv = {{"valid", "device", "serial_number", "reason"},
                {{{"true"}, {TextAt(payload, "sub")}, {TextAt(payload, "serial_number")}, {""}}}};
  return report;
}

Report RefusedReport(std::string_view reason, std::string_view detail) {
  Report report;
  Section facts{.title = "", .facts = true, .table = {{"", ""}, {}}, .when_empty = ""};
  facts.table.rows.push_back({{"Verdict", Tone::kDim}, {"REFUSED", Tone::kBad, true}});
  AddFact(&facts, "Reason", std::string(reason));
  if (!detail.empty()) AddFact(&facts, "Detail", std::string(detail));
  report.sections.push_back(std::move(facts));
  report.json = Dump(Json{{"valid", false}, {"reason", reason}, {"detail", detail}});
  report.csv = {{"valid", "device", "serial_number", "reason"},
                {{{"false"}, {""}, {""}, {std::string(reason)}}}};
  return report;
}

}  // namespace preseal::server::cli
