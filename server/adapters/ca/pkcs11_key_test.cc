// SPDX-License-Identifier: Apache-2.0
// Against SoftHSM, a token in software with the interface of a real one.
#include "server/adapters/ca/pkcs11_key.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "common/crypto/foreign_tools_fixture.h"
#include "common/crypto/oids.h"
#include "server/adapters/ca/ca_fixture.h"
#include "server/adapters/ca/ca_rotation.h"

namespace preseal::server {
namespace {

using crypto::ChainOutcome;
using crypto::test::kDay;
using crypto::test::ValueOrDie;
using preseal::test::StatusIs;
using testing::HasSubstr;
namespace fs = std::filesystem;

// Debian has the module in a folder that differs by architecture.
std::string SoftHsmModule() {
  for (const char* path :
       {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"}) {
    if (fs::exists(path)) return path;
  }
  return {};
}

class Pkcs11KeyTest : public test::CaFolderTest {
 protected:
  void SetUp() override {
    module_ = SoftHsmModule();
    if (module_.empty()) GTEST_SKIP() << "NO softhsm2: nothing tried";
    fs::create_directory(parent_ / "tokens");
    std::ofstream(parent_ / "softhsm2.conf")
        << "directories.tokendir = " << (parent_ / "tokens").native() << "\nlog.level = ERROR\n";
    setenv("SOFTHSM2_CONF", (parent_ / "softhsm2.conf").c_str(), 1);
    ASSERT_EQ(
        tools_.Run("softhsm2-util --init-token --free --label preseal --pin 4711 --so-pin 4242"), 0)
        << tools_.output();
    ImportKey("device-ca", "01", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    WritePin("4711", 0600);
  }
  void TearDown() override { unsetenv("SOFTHSM2_CONF"); }

  void ImportKey(const std::string& label, const std::string& id, const std::string& kind) {
    ASSERT_EQ(tools_.Run("openssl genpkey " + kind + " -out key.pem && softhsm2-util --import " +
                         "key.pem --token preseal --pin 4711 --label " + label + " --id " + id),
              0)
        << tools_.output();
  }
  void WritePin(const std::string& pin, mode_t mode) {
    std::ofstream(PinFile()) << pin << "\n";
    ASSERT_EQ(chmod(PinFile().c_str(), mode), 0);
  }
  fs::path PinFile() const { return parent_ / "pin"; }
  std::string Uri(const std::string& token, const std::string& object) const {
    return fmt::format("pkcs11:token={};object={}?module-path={}&pin-source=file:{}", token, object,
                       module_, PinFile().native());
  }
  std::string GoodUri() const { return Uri("preseal", "device-ca"); }

  // GnuTLS's tool knows no time but today.
  const WallTime today_ = SystemClock().Now();
  crypto::test::ForeignTools tools_;
  std::string module_;
};

TEST_F(Pkcs11KeyTest, DeviceCertificateByTheTokensKeyIsGoodForOpensslAndGnutls) {
  ASSERT_OK(CaStore::Create(folder_, {"Example Works", names_, GoodUri()}, today_));
  EXPECT_EQ(ReadText(Files().device_ca.key), GoodUri() + "\n");
  const auto store = Load();
  EXPECT_EQ(store->device_key_uri(), GoodUri());
  const auto leaf = IssueTo(*store, false, today_);
  EXPECT_EQ(Judge(leaf, {}, {store->device_ca()}, today_, crypto::kOidClientAuth),
            ChainOutcome::kTrusted);
  tools_.Write("ca.pem", store->device_ca().ToPem());
  tools_.Write("leaf.pem", leaf.ToPem());
  EXPECT_EQ(tools_.Run("openssl verify -x509_strict -check_ss_sig -purpose sslclient -CAfile "
                       "ca.pem leaf.pem"),
            0)
      << tools_.output();
  EXPECT_TRUE(tools_.GnutlsAccepts(leaf, store->device_ca())) << tools_.output();
}

TEST_F(Pkcs11KeyTest, TokenSignsRevocationLists) {
  ASSERT_OK(CaStore::Create(folder_, {"Example Works", names_, GoodUri()}, today_));
  const auto store = Load();
  tools_.Write("ca.pem", store->device_ca().ToPem());
  tools_.Write("list.der", AsText(ValueOrDie(store->CurrentCrls({}, today_)).front().der));
  EXPECT_EQ(tools_.Run("openssl crl -inform DER -in list.der -CAfile ca.pem -noout"), 0);
  EXPECT_THAT(tools_.output(), HasSubstr("verify OK"));
}

TEST_F(Pkcs11KeyTest, RotationMovesFromAFileIntoTheToken) {
  ASSERT_OK(CaStore::Create(folder_, settings_, today_));
  const RotationRequest request{.authority = Authority::kDevice, .key_uri = GoodUri()};
  ASSERT_OK(RotateCa(folder_, request, today_));
  const auto store = Load();
  EXPECT_EQ(store->device_key_uri(), GoodUri());
  EXPECT_TRUE(IssueTo(*store, false, today_).IsSignedBy(store->device_ca()));
  EXPECT_EQ(store->Trusted(Authority::kDevice, today_).size(), 2u);
}

TEST_F(Pkcs11KeyTest, RotationNeedsAnotherKeyInTheToken) {
  ASSERT_OK(CaStore::Create(folder_, {"Example Works", names_, GoodUri()}, today_));
  RotationRequest request{.authority = Authority::kDevice, .key_uri = GoodUri()};
  EXPECT_THAT(RotateCa(folder_, request, today_),
              StatusIs(StatusCode::kAlreadyExists, "make a new one in the token"));
  ImportKey("device-ca-2", "02", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  request.key_uri = Uri("preseal", "device-ca-2");
  EXPECT_OK(RotateCa(folder_, request, today_));
}

TEST_F(Pkcs11KeyTest, KeyNeverLeavesTheToken) {
  const auto key = ValueOrDie(OpenPkcs11Key(GoodUri()));
  EXPECT_TRUE(key.is_external());
  EXPECT_THAT(key.ToPem(), StatusIs(StatusCode::kFailedPrecondition, "token"));
}

TEST_F(Pkcs11KeyTest, NamesTheModuleThatIsMissing) {
  const std::string uri =
      "pkcs11:token=preseal;object=device-ca?module-path=/nowhere/none.so"
      "&pin-source=file:" +
      PinFile().native();
  EXPECT_THAT(OpenPkcs11Key(uri), StatusIs(StatusCode::kNotFound, "/nowhere/none.so"));
}

TEST_F(Pkcs11KeyTest, NamesTheTokenThatIsAbsent) {
  EXPECT_THAT(OpenPkcs11Key(Uri("other", "device-ca")),
              StatusIs(StatusCode::kNotFound, "token \"other\""));
}

TEST_F(Pkcs11KeyTest, NamesTheKeyThatIsAbsent) {
  EXPECT_THAT(
      OpenPkcs11Key(Uri("preseal", "none")),
      StatusIs(StatusCode::kNotFound, "object \"none\": the token has no such private key"));
}

TEST_F(Pkcs11KeyTest, WrongPinIsSaidAndNeverPrinted) {
  WritePin("9999", 0600);
  const auto opened = OpenPkcs11Key(GoodUri());
  EXPECT_THAT(opened, StatusIs(StatusCode::kFailedPrecondition, "log in"));
  EXPECT_EQ(MessageOf(opened.status()).find("9999"), std::string::npos);
}

TEST_F(Pkcs11KeyTest, PinFileOpenToOthersIsRefused) {
  WritePin("4711", 0644);
  EXPECT_THAT(OpenPkcs11Key(GoodUri()), StatusIs(StatusCode::kFailedPrecondition, "chmod 600"));
}

TEST_F(Pkcs11KeyTest, MissingPinFileIsNamed) {
  fs::remove(PinFile());
  EXPECT_THAT(OpenPkcs11Key(GoodUri()), StatusIs(StatusCode::kNotFound, PinFile().native()));
}

TEST_F(Pkcs11KeyTest, RefusesAKeyThatIsNotP256) {
  ImportKey("rsa", "03", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  EXPECT_THAT(OpenPkcs11Key(Uri("preseal", "rsa")),
              StatusIs(StatusCode::kFailedPrecondition, "P-256"));
  ImportKey("p384", "04", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384");
  EXPECT_THAT(OpenPkcs11Key(Uri("preseal", "p384")),
              StatusIs(StatusCode::kFailedPrecondition, "P-256"));
}

TEST_F(Pkcs11KeyTest, RefusesTwoKeysOfOneName) {
  ImportKey("device-ca", "05", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  EXPECT_THAT(OpenPkcs11Key(GoodUri()), StatusIs(StatusCode::kFailedPrecondition, "id="));
}

class BadUri : public test::CaFolderTest, public testing::WithParamInterface<const char*> {};
TEST_P(BadUri, IsRefused) {
  EXPECT_THAT(OpenPkcs11Key(GetParam()), StatusIs(StatusCode::kInvalidArgument, "PKCS#11 URI"));
}
INSTANTIATE_TEST_SUITE_P(
    Pkcs11KeyTest, BadUri,
    testing::Values("pkcs11:token=%zz;object=b?pin-source=file:/p",
                    "pkcs11:object=b?pin-source=file:/p", "pkcs11:token=a?pin-source=file:/p",
                    "pkcs11:token=a;object=b", "pkcs11:token=a;object=b?pin-source=/p",
                    "pkcs11:token=a;object=b?pin-value=4711&pin-source=file:/p",
                    "pkcs11:token=a;colour=b;object=c?pin-source=file:/p", "device-ca.key"));

}  // namespace
}  // namespace preseal::server
