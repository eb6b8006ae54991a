// SPDX-License-Identifier: Apache-2.0
// Every third-party sample (shared/testdata), judged as its index.json says.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "server/domain/lint/lint.h"
#include "server/domain/lint/platform_certificate.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

using nlohmann::json;

WallTime At(int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }
constexpr int64_t kNovember2026 = 1'795'300'000;

LintTrust VendorTrust() {
  std::vector<crypto::Certificate> all;
  for (const auto& file : std::filesystem::directory_iterator(test::TestdataDir() / "vendor-ca")) {
    const Bytes bytes = test::ReadTestdata("vendor-ca/" + file.path().filename().string());
    if (auto one = crypto::Certificate::FromDer(bytes); one.ok()) all.push_back(std::move(*one));
    if (auto many = crypto::ParsePemBundle(AsText(bytes)); many.ok()) {
      all.insert(all.end(), many->begin(), many->end());
    }
  }
  return MakeLintTrust(all);
}

json PcrsOf(const LintResult& result) {
  json banks = json::object();
  if (!result.pcrs) return banks;
  for (const auto& [bank, values] : *result.pcrs) {
    banks[bank] = json::object();
    for (const auto& [pcr, hex] : values) banks[bank][std::to_string(pcr)] = hex;
  }
  return banks;
}

class LintCorpusTest : public testing::Test {
 protected:
  void SetUp() override {
    PRESEAL_SKIP_WITHOUT_TESTDATA();
    trust_ = VendorTrust();
    options_.now = At(kNovember2026);
    options_.trust = &trust_;
  }

  std::vector<LintResult> Judge(const std::string& file) {
    const Bytes bytes = test::ReadTestdata(file);
    return Lint({.path = file, .bytes = bytes, .asked_by_name = false}, options_);
  }
  LintResult One(const std::string& file) {
    auto results = Judge(file);
    EXPECT_EQ(results.size(), 1u) << file;
    return results.at(0);
  }

  LintTrust trust_;
  LintOptions options_;
};

std::string Told(const LintResult& result) {
  std::string text =
      fmt::format("{} {} {}", NameOf(result.kind), NameOf(result.verdict()), NameOf(result.code()));
  for (const LintFinding& finding : result.findings) {
    text += fmt::format("\n  {} {} {} [{}], not [{}]", finding.number, finding.check,
                        NameOf(finding.code), finding.seen, finding.expected);
  }
  return text;
}

bool IsRefused(const LintResult& result, LintKind kind, RefusalCode code) {
  return result.kind == kind && result.verdict() == LintVerdict::kRefused && result.code() == code;
}
bool IsAccepted(const LintResult& result, LintKind kind) {
  return result.kind == kind && result.verdict() != LintVerdict::kRefused;
}

// What index.json's words mean for each file, as one line of code a kind.
struct Expected {
  std::string_view file;
  LintKind kind;
  RefusalCode code;  // kNone: not refused
};
using enum LintKind;
using enum RefusalCode;
constexpr Expected kSingles[] = {
    {"eventlogs/specid-vendordata.bin", kEventLog, kEventLogMalformed},
    {"eventlogs/keylime_bogus.bin", kEventLog, kEventLogMalformed},
    {"eventlogs/keylime_empty.bin", kEventLog, kEventLogMissing},
    {"eventlogs/neg_event_size_too_large.bin", kEventLog, kEventLogMalformed},
    // SHA-1 only: parsed and replayed, then refused for its bank.
    {"eventlogs/debian-10.bin", kEventLog, kEventLogNoBank},
    {"eventlogs/option_rom.bin", kEventLog, kEventLogNoBank},
    {"eventlogs/event-uefi-sha1-log.bin", kEventLog, kEventLogNoBank},
    {"eventlogs/short_no_action.bin", kEventLog, kEventLogNoBank},
    {"ekcerts/stm_st33_rsa_ff_padding.nv", kEkCertificate, kNone},
    {"ekcerts/nuvoton_npct75x_rsa_multivalued_rdn.der", kEkCertificate, kNone},
    {"ekcerts/hirs_nuc1_ek_tcg_header_tpm12.nv", kEkCertificate, kEkNotTpm20},
    {"ekcerts/hirs_ab21ccf2_tpm12.pem", kEkCertificate, kEkNotTpm20},
    {"ekcerts/hirs_fake_stm_intermediate.pem", kCaCertificate, kEkChainUntrusted},
    {"ekcerts/gce_pca_tpm_ecc_enc_cert.pem", kEkCertificate, kTpmIsVirtual},
    {"ekcerts/gce_pca_tpm_rsa_enc_cert.pem", kEkCertificate, kTpmIsVirtual},
    {"ekcerts/gce_pca_tpm_ecc_sign_cert.pem", kEkCertificate, kTpmIsVirtual},
    {"ekcerts/gce_pca_tpm_rsa_sign_cert.pem", kEkCertificate, kTpmIsVirtual},
    {"ekcerts/hpe_test_idevid_rsapss.der", kEkCertificate, kEkEku},
    {"vendor-ca/google_gcp_ek_ak_ca_intermediate_v3.crt", kCaCertificate, kNone},
    {"vendor-ca/google_gcp_ek_ak_ca_root.crt", kCaCertificate, kNone},
    {"vendor-ca/google_tpm_ek_intermediate_2.crt", kCaCertificate, kNone},
    {"vendor-ca/google_tpm_ek_intermediate_3.crt", kCaCertificate, kNone},
    {"vendor-ca/google_tpm_ek_root_1.cer", kCaCertificate, kNone},
    {"vectors/quote_keylime_rsa_sha256.json", kQuote, kNone},
    {"vectors/webauthn_certify_0_verify_attestation_surface_pro_4.json", kCertify,
     kCertifySignature},
    {"vectors/webauthn_certify_2_verify_attestation_lenovo_carbon_x1.json", kCertify,
     kCertifySignature},
    {"vectors/webauthn_certify_5_should_verify_SHA256_TPM_response.json", kCertify, kAkHierarchy},
    {"vectors/webauthn_certify_7_should_verify_TPM_response_with_non_spec_complia.json", kCertify,
     kCertifySignature},
    {"vectors/ak_creation_infineon_rsa.json", kCertify, kCertifySignature},
    // Not evidence by itself: text that goes with it.
    {"vectors/makecredential_rsa_kat.json", kUnknown, kNone},
    {"vectors/ekcert_url_intel_amd.json", kUnknown, kNone},
    {"vendor-ca/tpm-roots.yaml", kUnknown, kNone},
    {"vendor-ca/tpm-intermediates.yaml", kUnknown, kNone},
    {"platform-certs/Intel_nuc1.cer", kPlatformCertificate, kNone},
    {"platform-certs/plat_cert1.cer", kPlatformCertificate, kNone},
    {"platform-certs/Intel_pc2.cer", kPlatformCertificate, kNone},
    {"platform-certs/Intel_nuc1.cer.json", kUnknown, kNone},
    {"platform-certs/plat_cert1.cer.json", kUnknown, kNone},
    {"platform-certs/Intel_pc2.cer.json", kUnknown, kNone},
};

const Expected* Find(std::string_view file) {
  for (const Expected& expected : kSingles) {
    if (expected.file == file) return &expected;
  }
  return nullptr;
}

bool AsIndexed(const json& entry, const std::vector<LintResult>& results) {
  const auto file = entry.at("file").get<std::string>();
  const auto& expected = entry.at("expected");
  if (expected.contains("replay_pcrs") && PcrsOf(results[0]) != expected["replay_pcrs"]) {
    return false;
  }
  if (expected.value("parse", "") == "must be refused" &&
      results[0].verdict() != LintVerdict::kRefused) {
    return false;
  }
  if (file.ends_with("tpm-roots.pem") || file.ends_with("tpm-intermediates.pem")) {
    const size_t count = file.ends_with("tpm-roots.pem") ? 26 : 143;
    return results.size() == count &&
           std::all_of(results.begin(), results.end(), [](const LintResult& result) {
             return result.kind == kCaCertificate && result.verdict() != LintVerdict::kRefused &&
                    !result.chain.empty() && result.index;
           });
  }
  if (file.ends_with(".pb")) {
    // Three quotes and a log; the log replays to the quoted values but PCR 10.
    return results.size() == 4 && IsAccepted(results[3], kEventLog) &&
           std::all_of(results.begin(), results.begin() + 3, [](const LintResult& result) {
             return IsRefused(result, kQuote, kQuoteNonce);
           });
  }
  const Expected* single = Find(file);
  if (single == nullptr) return results.size() == 1 && IsAccepted(results[0], kEventLog);
  return std::all_of(results.begin(), results.end(), [&](const LintResult& result) {
    return single->code == kNone ? IsAccepted(result, single->kind)
                                 : IsRefused(result, single->kind, single->code);
  });
}

TEST_F(LintCorpusTest, JudgesEveryFileAsTheIndexSays) {
  std::ifstream in(test::TestdataDir() / "index.json");
  const json index = json::parse(in);
  int right = 0;
  for (const json& entry : index.at("files")) {
    const auto file = entry.at("file").get<std::string>();
    const auto results = Judge(file);
    const bool good = AsIndexed(entry, results);
    right += good ? 1 : 0;
    EXPECT_TRUE(good) << file << ": " << results.size() << " results, " << Told(results[0]);
    for (size_t i = 1; !good && i < results.size(); ++i) {
      if (results[i].verdict() == LintVerdict::kRefused) ADD_FAILURE() << Told(results[i]);
    }
  }
  std::cout << "judged right: " << right << "/" << index.at("files").size() << "\n";
  EXPECT_EQ(right, index.at("count").get<int>());
}

TEST_F(LintCorpusTest, NamesTheTpmAndItsChain) {
  const LintResult stm = One("ekcerts/stm_st33_rsa_ff_padding.nv");
  EXPECT_EQ(stm.manufacturer, "id:53544D20");
  EXPECT_EQ(stm.model, "ST33HTPHAHB4");
  EXPECT_EQ(stm.version, "id:00490004");
  ASSERT_EQ(stm.chain.size(), 3u) << Told(stm);
  EXPECT_NE(stm.chain[0].find("STM TPM EK Intermediate CA 05"), std::string::npos);
  EXPECT_NE(stm.chain[1].find("STM TPM EK Root CA"), std::string::npos);
  EXPECT_NE(stm.chain[2].find("GlobalSign"), std::string::npos);
  EXPECT_EQ(stm.verdict(), LintVerdict::kFindings) << Told(stm);  // 431 bytes of padding
  EXPECT_EQ(stm.spki.size(), 64u);

  const LintResult nuvoton = One("ekcerts/nuvoton_npct75x_rsa_multivalued_rdn.der");
  EXPECT_EQ(nuvoton.verdict(), LintVerdict::kValid) << Told(nuvoton);
  EXPECT_EQ(nuvoton.manufacturer, "id:4E544300");
}

TEST_F(LintCorpusTest, AForgedAuthorityIsSetBesideTheGenuineOneOfItsName) {
  const LintResult forged = One("ekcerts/hirs_fake_stm_intermediate.pem");
  EXPECT_EQ(forged.code(), kEkChainUntrusted);
  EXPECT_TRUE(std::any_of(forged.findings.begin(), forged.findings.end(),
                          [](const LintFinding& finding) { return finding.number == 2003; }))
      << Told(forged);
}

TEST_F(LintCorpusTest, WithoutTrustAnchorsAChainIsAFindingNotARefusal) {
  options_.trust = nullptr;
  const LintResult stm = One("ekcerts/stm_st33_rsa_ff_padding.nv");
  EXPECT_EQ(stm.verdict(), LintVerdict::kFindings) << Told(stm);
  EXPECT_EQ(One("ekcerts/gce_pca_tpm_rsa_enc_cert.pem").code(), kTpmIsVirtual);
}

TEST_F(LintCorpusTest, TheLabMayHaveVirtualTpms) {
  options_.lab = true;
  const LintResult enc = One("ekcerts/gce_pca_tpm_rsa_enc_cert.pem");
  EXPECT_EQ(enc.verdict(), LintVerdict::kFindings) << Told(enc);
  // An AK's certificate stays one.
  EXPECT_EQ(One("ekcerts/gce_pca_tpm_rsa_sign_cert.pem").code(), kEkKeyUsage);
}

TEST_F(LintCorpusTest, OneByteOfARealQuoteChangesTheAnswer) {
  const Bytes good = test::ReadTestdata("vectors/quote_keylime_rsa_sha256.json");
  EXPECT_EQ(One("vectors/quote_keylime_rsa_sha256.json").verdict(), LintVerdict::kValid);
  json parts = json::parse(AsText(good));
  const auto judge = [&](const json& changed) {
    const std::string text = changed.dump();
    return Lint({.path = "q.json", .bytes = AsBytes(text)}, options_).at(0).code();
  };
  json changed = parts;
  auto attest = changed["tpms_attest"].get<std::string>();
  attest[11] = attest[11] == '0' ? '1' : '0';  // byte 5: the type's low byte
  changed["tpms_attest"] = attest;
  EXPECT_EQ(judge(changed), kQuoteSignature);
  changed = parts;
  changed["nonce_ascii"] = "Bi5M5SjYjnkyv4P7itH1";
  EXPECT_EQ(judge(changed), kQuoteNonce);
  changed = parts;
  auto pcrs = changed["pcrs_tpm2tools_format"].get<std::string>();
  const size_t value = pcrs.find("d471c067");
  ASSERT_NE(value, std::string::npos);
  pcrs[value] = 'e';
  changed["pcrs_tpm2tools_format"] = pcrs;
  EXPECT_EQ(judge(changed), kPcrDigest);
}

// "2018-10-06T21:09:33Z" of the reference decoding.
std::string Instant(WallTime time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

TEST_F(LintCorpusTest, PlatformCertificatesReadAsTheReferenceReadsThem) {
  for (const std::string name : {"Intel_nuc1.cer", "plat_cert1.cer", "Intel_pc2.cer"}) {
    SCOPED_TRACE(name);
    const auto certificate = ParsePlatformCertificate(test::ReadTestdata("platform-certs/" + name));
    ASSERT_TRUE(certificate.ok()) << MessageOf(certificate.status());
    const Bytes text = test::ReadTestdata("platform-certs/" + name + ".json");
    const json reference = json::parse(AsText(text));
    EXPECT_EQ(Instant(certificate->not_before), reference.at("NotBefore"));
    EXPECT_EQ(Instant(certificate->not_after), reference.at("NotAfter"));
    EXPECT_EQ(certificate->manufacturer, reference.at("PlatformManufacturer"));
    EXPECT_EQ(certificate->model, reference.at("PlatformModel"));
    EXPECT_EQ(certificate->version, reference.at("PlatformVersion"));
  }
}

}  // namespace
}  // namespace preseal::server
