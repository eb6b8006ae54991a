// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/spoiled_evidence.h"

namespace preseal::server {
namespace {

using Code = RefusalCode;

FirmwareRule RuleFor(std::string_view model, uint64_t versions_below) {
  FirmwareRule rule;
  rule.vendor = 0x53544D20;
  rule.model = model;
  rule.versions_below = versions_below;
  rule.advisory = "an advisory";
  rule.remedy = "a newer firmware";
  return rule;
}

const Spoiled kSpoiled[] = {
    {"PolicyThatRequiresNothing", 551, Code::kTrustModel,
     [](auto& f) { f.policy.require.clear(); }},
    {"EkThatIsNotOnTheOrdersList", 552, Code::kEkNotListed,
     [](auto& f) { f.policy.require.push_back(TrustModel::kEkPub); }},
    {"LineThatRequiresTheList", 552, Code::kEkNotListed,
     [](auto& f) {
       f.context.record.station = "strict-1";
       f.policy.lines = {{"strict", {"strict-1"}, {TrustModel::kEkPub, TrustModel::kEkCert}}};
     }},
    {"OrderCodeNobodyApproved", 554, Code::kApprovalPending,
     [](auto& f) {
       f.policy.require = {TrustModel::kToken};
       f.context.record.token = TokenState::kWaiting;
     }},
    {"NoOrderCodeWhereOneIsRequired", 555, Code::kTrustModel,
     [](auto& f) { f.policy.require = {TrustModel::kToken}; }},
    {"AkOfAnotherDevice", 609, Code::kAkReused,
     [](auto& f) { f.context.record.device_of_ak = "D-8"; }},
    {"DeviceKeyOfAnotherDevice", 610, Code::kTlsKeyReused,
     [](auto& f) { f.context.record.device_of_tls_key = "D-8"; }},
    {"ResetCountThatWentBack", 813, Code::kQuoteResetMismatch,
     [](auto& f) { f.context.record.last_reset_count = 4; }},
    {"FirmwareOneBelowTheMinimum", 814, Code::kTpmFirmwareTooOld,
     [](auto& f) { f.policy.firmware = {RuleFor("ST33*", f.claimed_tpm.firmware_version + 1)}; }},
    {"ModelThatIsDenied", 814, Code::kTpmModelDenied,
     [](auto& f) {
       f.policy.firmware = {RuleFor("ST33*", UINT64_MAX)};
       f.policy.firmware[0].denied = true;
     }},
    {"VendorTheFloorDoesNotAllow", 502, Code::kTpmVendorUnknown,
     [](auto& f) { f.policy.vendors = {0x49465800}; }},
    {"BankLeftOutThatTheTpmHas", 807, Code::kQuoteSelection,
     [](auto& f) {
       f.context.pcrs.push_back(tpmwire::SelectPcrs(tpmwire::HashAlg::kSha384, {0, 1, 2, 7}));
       f.change_evidence = [](auto& e) { e.implemented_banks = {0x0004, 0x000B, 0x000C}; };
       f.change_quote = [](tpmwire::Attest& a) {
         std::get<tpmwire::QuoteInfo>(a.body).selections.pop_back();
       };
     }},
    {"Sha1BankSaidToBeMissing", 807, Code::kQuoteSelection,
     [](auto& f) {
       f.change_evidence = [](auto& e) { e.implemented_banks = {0x000B}; };
       f.change_quote = [](tpmwire::Attest& a) {
         auto& selections = std::get<tpmwire::QuoteInfo>(a.body).selections;
         selections.erase(selections.begin());
       };
     }},
};

}  // namespace

std::span<const Spoiled> SpoiledRecords() { return kSpoiled; }

}  // namespace preseal::server
