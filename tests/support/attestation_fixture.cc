// SPDX-License-Identifier: Apache-2.0
#include "tests/support/attestation_fixture.h"

#include "common/tpmwire/binding.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/templates.h"

namespace preseal::test {
namespace {

using std::chrono_literals::operator""h;

constexpr auto kDay = 24h;

CertificateSpec Authority(const std::string& issuer, const std::string& subject,
                          const crypto::PrivateKey& key, WallTime now) {
  CertificateSpec spec;
  spec.issuer = issuer;
  spec.subject = subject;
  spec.not_before = now - kDay * 1000;
  spec.not_after = now + kDay * 1000;
  spec.spki = key.public_key().SpkiDer();
  spec.extensions = {{"2.5.29.19", true, BasicConstraints(true)},
                     {"2.5.29.15", true, KeyUsage(crypto::kKeyCertSign | crypto::kCrlSign)}};
  return spec;
}

CertificateSpec EkCertificate(const crypto::PrivateKey& key, WallTime now) {
  CertificateSpec spec;
  spec.serial = {0x0A};
  spec.issuer = "Test EK Intermediate";
  spec.not_before = now - kDay * 100;
  spec.not_after = now + kDay * 900;
  spec.spki = key.public_key().SpkiDer();
  spec.extensions = {
      {"2.5.29.19", true, BasicConstraints(false)},
      {"2.5.29.15", true, KeyUsage(crypto::kKeyAgreement)},
      {"2.5.29.37", false, ExtendedKeyUsage("2.23.133.8.1")},
      {"2.5.29.17", true, TpmNames("id:53544D20", "ST33HTPHAHB4", "id:00490004")},
      {"2.5.29.9", false, TpmSpecification("2.0")},
  };
  return spec;
}

}  // namespace

Bytes SignAttest(ByteView attest, const crypto::PrivateKey& key) {
  const Bytes raw = key.SignRaw(attest).value();
  tpmwire::Signature signature;
  signature.r.assign(raw.begin(), raw.begin() + 32);
  signature.s.assign(raw.begin() + 32, raw.end());
  return tpmwire::MarshalSignature(signature);
}

tpmwire::PublicArea WithKey(tpmwire::PublicArea area, const crypto::PublicKey& key) {
  const auto coordinates = key.ToEcCoordinates().value();
  auto& ecc = std::get<tpmwire::EccKey>(area.key);
  ecc.x = coordinates.x;
  ecc.y = coordinates.y;
  return area;
}

AttestationFixture::AttestationFixture()
    : root_key(crypto::PrivateKey::GenerateP256().value()),
      intermediate_key(crypto::PrivateKey::GenerateP256().value()),
      ek_key(crypto::PrivateKey::GenerateP256().value()),
      ak_key(crypto::PrivateKey::GenerateP256().value()),
      tls_key(crypto::PrivateKey::GenerateP256().value()) {
  context.now = WallTime(std::chrono::hours(490'000));  // in 2025
  root = Authority("Test EK Root", "Test EK Root", root_key, context.now);
  intermediate = Authority("Test EK Root", "Test EK Intermediate", intermediate_key, context.now);
  intermediate.serial = {2};
  ek_certificate = EkCertificate(ek_key, context.now);
  ek = WithKey(tpmwire::EkTemplateP256Low(), ek_key.public_key());
  ak = WithKey(tpmwire::AkTemplate({}), ak_key.public_key());
  device_key = WithKey(tpmwire::DeviceKeyTemplate({}), tls_key.public_key());
  context.session_id = Bytes(16, 1);
  context.nonce = Bytes(32, 2);
  context.server_leaf_sha256.fill(3);
  context.pcrs = {
      tpmwire::SelectPcrs(tpmwire::HashAlg::kSha1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14}),
      tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14})};
  context.record.device_id = "D-7";
  policy.revocation = server::RevocationUse::kOff;  // its maker publishes no lists
  log.SecureBootBoot();
  MeasureLog();
  policy.revocation = server::RevocationUse::kOff;  // no list is at hand
  claimed_tpm = {0x53544D20, "ST33", 0x0049000400000000};
}

void AttestationFixture::MeasureLog() {
  pcr_values.clear();
  for (const server::QuotedBank& bank : log.Quote()) {
    if (!live_banks.contains(bank.algorithm)) continue;
    for (const auto& [pcr, value] : bank.values) {
      pcr_values.push_back({bank.algorithm, pcr, value});
    }
  }
}

server::AttestationEvidence AttestationFixture::Build() {
  server::AttestationEvidence evidence;
  if (send_certificate) {
    evidence.ek_certificate = BuildCertificate(ek_certificate, intermediate_key);
    evidence.ek_certificate.insert(evidence.ek_certificate.end(), nv_padding.begin(),
                                   nv_padding.end());
    evidence.ek_nv_index = tpmwire::kNvEkCertP256Low;
  }
  evidence.ek_public = tpmwire::MarshalPublic(ek);
  evidence.ak_public = tpmwire::MarshalPublic(ak);
  evidence.device_key_public = tpmwire::MarshalPublic(device_key);
  if (send_pcr_values) evidence.pcr_values = pcr_values;
  evidence.claims = claims;
  if (send_event_log) evidence.event_log = log.Build();
  evidence.claimed_tpm = claimed_tpm;

  const Bytes ak_name = tpmwire::NameOf(ak);
  const Bytes device_key_name = tpmwire::NameOf(device_key);
  const auto binding = tpmwire::ComputeBinding(
      {context.session_id, context.nonce, context.server_leaf_sha256, evidence.ek_public,
       evidence.ek_certificate, ak_name, device_key_name, evidence.event_log, evidence.claims});
  tpmwire::Attest certify;
  certify.header = {tpmwire::kTpmGenerated, tpmwire::kAttestCertify};
  certify.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, ak);
  certify.extra_data = ToBytes(ByteView(tpmwire::CertifyQualifyingData(binding)));
  certify.clock = {.clock = 5000, .reset_count = 3, .restart_count = 0, .safe = true};
  certify.firmware_version = claimed_tpm.firmware_version;
  tpmwire::Attest quote = certify;
  certify.body = tpmwire::CertifyInfo{
      device_key_name, tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, device_key)};
  change_certify(certify);
  evidence.certify_attest = tpmwire::MarshalAttest(certify);
  evidence.certify_signature = SignAttest(evidence.certify_attest, ak_key);

  quote.header.type = tpmwire::kAttestQuote;
  quote.extra_data = ToBytes(ByteView(tpmwire::QuoteQualifyingData(binding)));
  tpmwire::QuoteInfo info{context.pcrs, {}};
  for (auto& bank : info.selections) {
    // As a TPM answers for a bank that is not allocated.
    if (!live_banks.contains(bank.hash_algorithm)) bank.mask.fill(0);
  }
  info.pcr_digest =
      tpmwire::PcrDigest(tpmwire::HashAlg::kSha256, info.selections, pcr_values).value();
  quote.body = info;
  change_quote(quote);
  evidence.quote_attest = tpmwire::MarshalAttest(quote);
  evidence.quote_signature = SignAttest(evidence.quote_attest, ak_key);
  change_evidence(evidence);
  return evidence;
}

server::AttestationVerdict AttestationFixture::Verify() {
  const auto anchor = crypto::Certificate::FromDer(BuildCertificate(root, root_key)).value();
  trust.roots.clear();
  trust.lab_roots.clear();
  if (trust_root) (lab ? trust.lab_roots : trust.roots).push_back(anchor);
  trust.notes[anchor.fingerprint()].vendor = root_vendor;
  trust.intermediates = {
      crypto::Certificate::FromDer(BuildCertificate(intermediate, root_key)).value()};
  context.policy = &policy;
  context.trust = &trust;
  return server::VerifyAttestation(Build(), context);
}

}  // namespace preseal::test
