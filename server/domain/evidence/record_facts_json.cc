// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/record_facts_json.h"

#include <algorithm>
#include <utility>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

using Json = nlohmann::json;

constexpr std::pair<TokenState, std::string_view> kTokenStates[] = {
    {TokenState::kNone, "none"},
    {TokenState::kWaiting, "waiting"},
    {TokenState::kVouched, "vouched"},
};

std::string_view NameOf(TokenState state) {
  for (const auto& [value, name] : kTokenStates) {
    if (value == state) return name;
  }
  return "";
}

TokenState ReadTokenState(MemberReader& in) {
  const std::string text = in.Text("token");
  for (const auto& [value, name] : kTokenStates) {
    if (name == text) return value;
  }
  in.Fail("token is not one of ours");
  return TokenState::kNone;
}

std::optional<std::string> OptionalText(MemberReader& in, std::string_view name) {
  if (!in.Has(name)) return std::nullopt;
  return in.Text(name);
}

std::optional<tpmwire::Sha256Digest> OptionalDigest(MemberReader& in, std::string_view name) {
  if (!in.Has(name)) return std::nullopt;
  return in.Digest(name);
}

Json GoldenJson(const std::vector<GoldenSet>& golden) {
  Json rows = Json::array();
  for (const GoldenSet& set : golden) {
    Json pcrs = Json::array();
    for (const auto& [pcr, values] : set.allowance.values) {
      pcrs.push_back(
          {{"pcr", pcr}, {"values", BytesList(std::vector<Bytes>(values.begin(), values.end()))}});
    }
    rows.push_back({{"model", set.model}, {"bank", set.allowance.bank}, {"pcrs", pcrs}});
  }
  return rows;
}

GoldenSet ReadGoldenSet(const Json& row, MemberReader& parent) {
  MemberReader in(row);
  GoldenSet set{.model = in.Text("model")};
  set.allowance.bank = static_cast<uint16_t>(in.Unsigned("bank") & UINT16_MAX);
  for (const Json& entry : in.Array("pcrs", kPcrValuesMax)) {
    MemberReader pcr(entry);
    auto& values = set.allowance.values[static_cast<uint32_t>(pcr.Unsigned("pcr") & UINT32_MAX)];
    for (Bytes& value : pcr.BinaryList("values", kEvidenceFindingsMax)) {
      values.insert(std::move(value));
    }
    if (!pcr.status().ok()) in.Fail(MessageOf(pcr.status()));
  }
  if (!in.status().ok()) parent.Fail("golden: " + MessageOf(in.status()));
  return set;
}

}  // namespace

Json RecordFactsJson(const RecordFacts& facts) {
  Json json = {{"device_id", facts.device_id},
               {"station", facts.station},
               {"manufacturer", facts.manufacturer},
               {"model", facts.model},
               {"ek_listed", facts.ek_listed},
               {"token", NameOf(facts.token)},
               {"cached_ek_certificate", BytesText(facts.cached_ek_certificate)}};
  if (!facts.golden.empty()) json["golden"] = GoldenJson(facts.golden);
  if (facts.device_bound_to_ek) json["device_bound_to_ek"] = *facts.device_bound_to_ek;
  if (facts.ek_bound_to_device) json["ek_bound_to_device"] = BytesText(*facts.ek_bound_to_device);
  if (facts.approved_ek) json["approved_ek"] = BytesText(*facts.approved_ek);
  if (facts.device_of_ak) json["device_of_ak"] = *facts.device_of_ak;
  if (facts.device_of_tls_key) json["device_of_tls_key"] = *facts.device_of_tls_key;
  if (facts.last_reset_count) json["last_reset_count"] = *facts.last_reset_count;
  return json;
}

RecordFacts ReadRecordFacts(MemberReader& in) {
  RecordFacts facts;
  facts.device_id = in.Text("device_id");
  facts.station = in.Text("station");
  facts.manufacturer = in.Text("manufacturer");
  facts.model = in.Text("model");
  facts.device_bound_to_ek = OptionalText(in, "device_bound_to_ek");
  facts.ek_bound_to_device = OptionalDigest(in, "ek_bound_to_device");
  facts.approved_ek = OptionalDigest(in, "approved_ek");
  facts.ek_listed = in.Flag("ek_listed");
  facts.token = ReadTokenState(in);
  facts.device_of_ak = OptionalText(in, "device_of_ak");
  facts.device_of_tls_key = OptionalText(in, "device_of_tls_key");
  if (in.Has("last_reset_count")) {
    const uint64_t count = in.Unsigned("last_reset_count");
    if (count > UINT32_MAX) in.Fail("last_reset_count is out of range");
    facts.last_reset_count = static_cast<uint32_t>(count);
  }
  facts.cached_ek_certificate = in.Binary("cached_ek_certificate");
  if (!in.Has("golden")) return facts;
  for (const Json& row : in.Array("golden", kEvidenceFindingsMax)) {
    facts.golden.push_back(ReadGoldenSet(row, in));
  }
  return facts;
}

}  // namespace preseal::server
