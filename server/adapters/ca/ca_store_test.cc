// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/ca_store.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "common/base/limits.h"
#include "common/crypto/chain.h"
#include "common/crypto/foreign_tools_fixture.h"
#include "common/crypto/jws.h"
#include "common/crypto/oids.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::server {
namespace {

using crypto::ChainOutcome;
using crypto::test::kDay;
using crypto::test::kNow;
using crypto::test::ValueOrDie;
using preseal::test::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

mode_t ModeOf(const fs::path& path) {
  struct stat facts {};
  EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 07777;
}

// Every file of `folder` with its content.
std::map<std::string, std::string> Snapshot(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files[entry.path().filename()] = entry.is_regular_file() ? ReadText(entry.path()) : "folder";
  }
  return files;
}

class CaStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/preseal-ca-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    parent_ = name;
    folder_ = parent_ / "ca";
    ASSERT_OK(CaStore::Create(folder_, settings_, kNow));
  }
  void TearDown() override { fs::remove_all(parent_); }

  std::unique_ptr<CaStore> Load() { return ValueOrDie(CaStore::Load(folder_)); }
  ChainOutcome Judge(const crypto::Certificate& leaf, const crypto::Certificate& root,
                     const char* purpose) {
    return ValueOrDie(crypto::VerifyChain(leaf, {}, {root}, {.at = kNow, .purpose_oid = purpose}))
        .outcome;
  }
  CertificateRequest Request() {
    CertificateRequest request;
    request.device = ValueOrDie(DeviceId::Parse("D-1042"));
    request.serial_number = "SN-0042";
    request.trust_models = {TrustModel::kEkCert};
    return request;
  }

  const crypto::ServerNames names_{{"localhost"}, {"127.0.0.1"}};
  const CaSettings settings_{"Example Works", names_, {}};
  const crypto::PublicKey key_ = ValueOrDie(crypto::PrivateKey::GenerateP256()).public_key();
  fs::path parent_;
  fs::path folder_;
  CaFiles Files() const { return CaFiles(folder_); }
};

TEST_F(CaStoreTest, CreatesFiveAuthoritiesThatDoNotVouchForEachOther) {
  const auto store = Load();
  std::vector<crypto::Certificate> all;
  for (const Authority authority : kAuthorities) {
    const auto trusted = store->Trusted(authority, kNow);
    ASSERT_EQ(trusted.size(), 1u);
    all.push_back(trusted.front());
  }
  for (const auto& ca : all) {
    EXPECT_TRUE(ca.is_ca());
    for (const auto& other : all) EXPECT_EQ(ca.IsSignedBy(other), ca == other);
  }
  EXPECT_EQ(Judge(store->server_certificate(), store->server_ca(), crypto::kOidServerAuth),
            ChainOutcome::kTrusted);
  EXPECT_EQ(Judge(store->seal_signer(), store->seal_ca(), crypto::kOidDocumentSigning),
            ChainOutcome::kTrusted);
  EXPECT_EQ(Judge(store->seal_signer(), store->server_ca(), crypto::kOidDocumentSigning),
            ChainOutcome::kUntrusted);
  EXPECT_OK(CaStore::ValidateReload(folder_, kNow));
}

TEST_F(CaStoreTest, KeysAreForTheOwnerAlone) {
  EXPECT_EQ(ModeOf(folder_), 0700u);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const bool key = entry.path().extension() == ".key";
    EXPECT_EQ(ModeOf(entry.path()), key ? 0600u : 0644u) << entry.path();
  }
  EXPECT_EQ(Snapshot(folder_).size(), 14u);
}

TEST_F(CaStoreTest, RefusesToOverwriteAndLeavesEverythingAsItWas) {
  const auto before = Snapshot(folder_);
  EXPECT_THAT(CaStore::Create(folder_, {"Other", names_, {}}, kNow),
              StatusIs(StatusCode::kAlreadyExists, folder_.native()));
  EXPECT_EQ(Snapshot(folder_), before);
  EXPECT_EQ(Snapshot(parent_).size(), 1u);
}

TEST_F(CaStoreTest, FillsAnEmptyFolderNamedWithATrailingSlash) {
  fs::create_directory(parent_ / "empty");
  EXPECT_OK(CaStore::Create(parent_ / "empty/", settings_, kNow));
  EXPECT_OK(CaStore::Load(parent_ / "empty"));
}

TEST_F(CaStoreTest, FailedCreationLeavesNothingBehind) {
  EXPECT_THAT(CaStore::Create(parent_ / "new", {"Example Works", {{"bad name"}, {}}, {}}, kNow),
              StatusIs(StatusCode::kInvalidArgument, "bad name"));
  EXPECT_THAT(CaStore::Create(parent_ / "new", {"", names_, {}}, kNow),
              StatusIs(StatusCode::kInvalidArgument, "organisation"));
  EXPECT_THAT(CaStore::Create(parent_ / "missing/new", settings_, kNow),
              StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(Snapshot(parent_).size(), 1u);
}

TEST_F(CaStoreTest, IssuesDeviceCertificates) {
  const auto store = ValueOrDie(CaStore::Load(folder_, "https://floor.example:7444"));
  CertificateRequest request = Request();
  request.trust_models = {TrustModel::kEkPub, TrustModel::kEkCert, TrustModel::kToken};
  request.quarantine = true;
  const auto issued = ValueOrDie(store->Issue(request, key_, kNow));
  const auto leaf = ValueOrDie(crypto::Certificate::FromDer(issued.der));
  EXPECT_EQ(Judge(leaf, store->device_ca(), crypto::kOidClientAuth), ChainOutcome::kTrusted);
  EXPECT_THAT(leaf.uris(), ElementsAre("preseal:device/D-1042"));
  EXPECT_THAT(issued.chain, ElementsAre(store->device_ca().der()));
  EXPECT_EQ(leaf.not_after(), kNow + kDeviceCertificateLife);
  EXPECT_EQ(leaf.not_before(), kNow - kCertificateBackdate);
  EXPECT_THAT(leaf.policies(),
              ElementsAre(crypto::kOidTcgVerifiedTpmFixed, crypto::kOidTrustEkPub,
                          crypto::kOidTrustEkCert, crypto::kOidTrustToken, crypto::kOidQuarantine));
  EXPECT_EQ(leaf.subject().find("LAB"), std::string::npos);
  EXPECT_THAT(AsText(leaf.FindExtension("2.5.29.31")->value),
              HasSubstr("https://floor.example:7444/crl/device-1.crl"));
}

TEST_F(CaStoreTest, LabCertificateIsMarkedAndUnknownToTheDeviceAuthority) {
  const auto store = Load();
  CertificateRequest request = Request();
  request.lab = true;
  const auto issued = ValueOrDie(store->Issue(request, key_, kNow));
  const auto leaf = ValueOrDie(crypto::Certificate::FromDer(issued.der));
  EXPECT_NE(leaf.subject().find("LAB"), std::string::npos);
  const auto lab = store->Trusted(Authority::kLab, kNow);
  EXPECT_EQ(lab.front().common_name(), "Preseal lab device CA");
  EXPECT_EQ(Judge(leaf, lab.front(), crypto::kOidClientAuth), ChainOutcome::kTrusted);
  EXPECT_EQ(Judge(leaf, store->device_ca(), crypto::kOidClientAuth), ChainOutcome::kUntrusted);
}

TEST_F(CaStoreTest, FolderOlderThanTheLabAuthorityIssuesAllButLabCertificates) {
  fs::remove(Files().lab_ca.key);
  fs::remove(Files().lab_ca.certificate);
  const auto store = Load();
  EXPECT_OK(CaStore::ValidateReload(folder_, kNow));
  EXPECT_OK(store->Issue(Request(), key_, kNow));
  CertificateRequest lab = Request();
  lab.lab = true;
  EXPECT_THAT(store->Issue(lab, key_, kNow),
              StatusIs(StatusCode::kFailedPrecondition, "ca rotate lab"));
}

TEST_F(CaStoreTest, RefusesARequestThatPassedNoTrustModel) {
  CertificateRequest request = Request();
  request.trust_models.clear();
  EXPECT_THAT(Load()->Issue(request, key_, kNow), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(CaStoreTest, EachListIsSignedByTheKeyWhoseCertificatesNameIt) {
  const auto store = Load();
  const auto lists = ValueOrDie(store->CurrentCrls({{"4a5b", kNow}}, kNow));
  ASSERT_EQ(lists.size(), 2u);
  EXPECT_EQ(lists[0].name, "device-1.crl");
  EXPECT_EQ(lists[1].name, "lab-1.crl");
  crypto::test::ForeignTools tools;
  tools.Write("list.der", AsText(lists[0].der));
  tools.Write("ca.pem", store->device_ca().ToPem());
  ASSERT_EQ(tools.Run("openssl crl -inform DER -in list.der -CAfile ca.pem -noout -text"), 0)
      << tools.output();
  EXPECT_THAT(tools.output(), HasSubstr("verify OK"));
  EXPECT_THAT(tools.output(), HasSubstr("Serial Number: 4A5B"));
}

TEST_F(CaStoreTest, DeviceCertificateEndsWithItsAuthority) {
  const auto store = Load();
  const WallTime end = store->device_ca().not_after();
  const auto issued = ValueOrDie(store->Issue(Request(), key_, end - kDay));
  EXPECT_EQ(ValueOrDie(crypto::Certificate::FromDer(issued.der)).not_after(), end);
  EXPECT_THAT(store->Issue(Request(), key_, end + kDay),
              StatusIs(StatusCode::kFailedPrecondition, "device CA"));
}

TEST_F(CaStoreTest, IssuesShortLivedStationCredentials) {
  const auto store = Load();
  const auto station = ValueOrDie(store->IssueStationCredential("bench-3", kNow, kNow + kDay));
  EXPECT_EQ(Judge(station.certificate, store->station_ca(), crypto::kOidClientAuth),
            ChainOutcome::kTrusted);
  EXPECT_EQ(Judge(station.certificate, store->device_ca(), crypto::kOidClientAuth),
            ChainOutcome::kUntrusted);
  EXPECT_EQ(station.certificate.spki_der(), station.key.public_key().SpkiDer());
  EXPECT_EQ(station.certificate.not_after(), kNow + kDay);
  const auto invalid = StatusIs(StatusCode::kInvalidArgument);
  EXPECT_THAT(store->IssueStationCredential("bench-3", kNow, kNow + 31 * kDay), invalid);
  EXPECT_THAT(store->IssueStationCredential("bench-3", kNow, kNow), invalid);
  EXPECT_THAT(store->IssueStationCredential("bench/3", kNow, kNow + kDay), invalid);
}

TEST_F(CaStoreTest, SignsBirthCertificatesThatItsSealAuthorityVerifies) {
  const auto store = Load();
  const auto jws = ValueOrDie(store->Sign(R"({"sub":"D-1042"})"));
  const std::vector<crypto::Certificate> roots = {store->seal_ca()};
  const auto verdict = ValueOrDie(crypto::VerifyCompact(
      jws, {.type = crypto::kBirthCertificateType, .roots = roots, .at = kNow}));
  EXPECT_TRUE(verdict.accepted()) << verdict.detail;
  EXPECT_EQ(verdict.payload, R"({"sub":"D-1042"})");
}

TEST_F(CaStoreTest, RenewalKeepsTheKey) {
  const auto store = Load();
  const std::string key_before = ReadText(Files().server.key);
  const WallTime later = kNow + 300 * kDay;
  ASSERT_OK(store->RenewServerCertificate({{"preseal.example"}, {}}, later));
  EXPECT_EQ(ReadText(Files().server.key), key_before);
  const auto renewed = Load();
  EXPECT_THAT(renewed->server_certificate().dns_names(), ElementsAre("preseal.example"));
  EXPECT_EQ(renewed->server_certificate().not_after(), later + kServerCertificateLife);
  EXPECT_EQ(Snapshot(folder_).size(), 14u);
  EXPECT_EQ(ModeOf(Files().server.certificate), 0644u);
}

TEST_F(CaStoreTest, ExpiredServerCertificateBlocksAReloadButNotItsRenewal) {
  const WallTime later = kNow + 400 * kDay;
  EXPECT_THAT(CaStore::ValidateReload(folder_, later),
              StatusIs(StatusCode::kFailedPrecondition, "server.pem"));
  ASSERT_OK(Load()->RenewServerCertificate(names_, later));
  EXPECT_OK(CaStore::ValidateReload(folder_, later));
}

class KeyMode : public CaStoreTest, public testing::WithParamInterface<mode_t> {};
TEST_P(KeyMode, OpenToOthersIsRefusedWithTheCommandToRun) {
  const fs::path key = Files().device_ca.key;
  ASSERT_EQ(chmod(key.c_str(), GetParam()), 0);
  EXPECT_THAT(CaStore::Load(folder_),
              StatusIs(StatusCode::kFailedPrecondition, "chmod 600 " + key.native()));
}
INSTANTIATE_TEST_SUITE_P(CaStoreTest, KeyMode, testing::Values(0640, 0604, 0620, 0601));

TEST_F(CaStoreTest, MissingFileIsNamedWithWhatToDo) {
  for (const auto& [name, content] : Snapshot(folder_)) {
    fs::rename(folder_ / name, parent_ / name);
    EXPECT_THAT(CaStore::Load(folder_), StatusIs(StatusCode::kNotFound, name));
    fs::rename(parent_ / name, folder_ / name);
  }
  EXPECT_OK(CaStore::Load(folder_));
}

TEST_F(CaStoreTest, DamagedFileIsNamed) {
  for (const auto& [name, content] : Snapshot(folder_)) {
    std::ofstream(folder_ / name) << content.substr(0, content.size() / 2);
    EXPECT_THAT(CaStore::Load(folder_), StatusIs(StatusCode::kInvalidArgument, name));
    std::ofstream(folder_ / name) << content;
  }
  EXPECT_OK(CaStore::Load(folder_));
}

TEST_F(CaStoreTest, OversizedFileIsRefused) {
  std::ofstream(Files().seal_ca.key) << std::string(kPrivateKeyPemBytesMax + 1, 'x');
  EXPECT_THAT(CaStore::Load(folder_), StatusIs(StatusCode::kInvalidArgument, "seal-ca.key"));
}

TEST_F(CaStoreTest, KeyOfAnotherCertificateIsRefused) {
  fs::copy_file(Files().server.key, Files().seal_signer.key, fs::copy_options::overwrite_existing);
  EXPECT_THAT(CaStore::Load(folder_), StatusIs(StatusCode::kFailedPrecondition, "seal-signer.key"));
  EXPECT_THAT(CaStore::ValidateReload(folder_, kNow), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(CaStoreTest, LeafOfAnotherAuthorityIsRefused) {
  ASSERT_OK(CaStore::Create(parent_ / "other", settings_, kNow));
  const CaFiles other(parent_ / "other");
  const auto overwrite = fs::copy_options::overwrite_existing;
  fs::copy_file(other.server.key, Files().server.key, overwrite);
  fs::copy_file(other.server.certificate, Files().server.certificate, overwrite);
  EXPECT_THAT(CaStore::Load(folder_),
              StatusIs(StatusCode::kFailedPrecondition, "was not issued by"));
}

TEST_F(CaStoreTest, LeafInAnAuthoritysPlaceIsRefused) {
  const auto overwrite = fs::copy_options::overwrite_existing;
  fs::copy_file(Files().server.key, Files().device_ca.key, overwrite);
  fs::copy_file(Files().server.certificate, Files().device_ca.certificate, overwrite);
  EXPECT_THAT(CaStore::Load(folder_), StatusIs(StatusCode::kFailedPrecondition, "not a CA"));
}

}  // namespace
}  // namespace preseal::server
