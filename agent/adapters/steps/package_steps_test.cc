// SPDX-License-Identifier: Apache-2.0
// Real packages: built with dpkg-deb and tar, installed with dpkg and libarchive.
#include "agent/adapters/steps/steps_fixture.h"

namespace preseal::agent::steps {
namespace {

using Kind = StepResult::Kind;

class DebTest : public StepsTest {
 protected:
  // A package "tiny" 1.0 with /usr/share/tiny/data and a configuration file.
  std::string BuildDeb(const std::string& extra_fields = "", const std::string& extra_line = ":") {
    const std::string tree = Outside("tree");
    WriteFile(tree + "/DEBIAN/control",
              "Package: tiny\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\n" +
                  extra_fields + "Description: test\n");
    WriteFile(tree + "/DEBIAN/conffiles", "/etc/tiny.conf\n");
    WriteFile(tree + "/usr/share/tiny/data", "payload\n");
    WriteFile(tree + "/etc/tiny.conf", "a=1\n");
    const std::string deb = Outside("tiny.deb");
    Shell("cd " + tree + "; " + extra_line +
          "; find . -type f ! -path './DEBIAN/*' -printf '%P\\n' | xargs md5sum > DEBIAN/md5sums"
          "; dpkg-deb --root-owner-group --build " +
          tree + " " + deb + " >/dev/null");
    return deb;
  }
  Step DebStep(const std::string& deb, std::string name = "tiny", std::string version = "1.0") {
    return StepOf(PackageStep{PackageStep::Format::kDeb, artifacts_.Add(deb), std::move(name),
                              std::move(version), ""});
  }
};

TEST_F(DebTest, IsInstalledIntoABareRootWithADatabaseOfItsOwn) {
  ExpectTakesHold(DebStep(BuildDeb()));
  EXPECT_EQ(ReadFile(InRoot("/usr/share/tiny/data")), "payload\n");
  EXPECT_NE(ReadFile(InRoot("/var/lib/dpkg/status")).find("Package: tiny"), std::string::npos);
}

TEST_F(DebTest, IsInstalledIntoABareRootWithoutItsDependencies) {
  ExpectTakesHold(DebStep(BuildDeb("Depends: libc6 (>= 2.36)\n")));
}

TEST_F(DebTest, DependenciesCountInARootWithASystem) {
  WriteFile(InRoot("/var/lib/dpkg/info/base-files.list"), "");
  const StepResult result = Apply(DebStep(BuildDeb("Depends: no-such-package\n")));
  EXPECT_EQ(NameOf(result.code), "STEP_EXIT_CODE");
  EXPECT_TRUE(result.exit_code.has_value());
}

TEST_F(DebTest, IsNotInPlaceWhenAFileOfItIsGone) {
  const Step step = DebStep(BuildDeb());
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  std::filesystem::remove(InRoot("/usr/share/tiny/data"));
  EXPECT_EQ(Verify(step).kind, Kind::kNotInPlace);
}

TEST_F(DebTest, IsInPlaceWhenAConfigurationFileOfItWasChanged) {
  const Step step = DebStep(BuildDeb());
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  WriteFile(InRoot("/etc/tiny.conf"), "a=2\n");
  EXPECT_EQ(Verify(step).kind, Kind::kDone);
}

TEST_F(DebTest, AnotherVersionIsNotInPlace) {
  const std::string deb = BuildDeb();
  ASSERT_EQ(Apply(DebStep(deb)).kind, Kind::kDone);
  EXPECT_EQ(Detect(DebStep(deb, "tiny", "1.1")).kind, Kind::kNotInPlace);
}

TEST_F(DebTest, AnotherPackageThanThePlanNamesIsRefusedBeforeAnythingIsDone) {
  ExpectFails(DebStep(BuildDeb(), "huge"), ItemCode::kPackageMismatch);
  EXPECT_TRUE(std::filesystem::is_empty(Root()));
}

TEST_F(DebTest, AnotherVersionThanThePlanNamesIsRefused) {
  ExpectFails(DebStep(BuildDeb(), "tiny", "2.0"), ItemCode::kPackageMismatch);
}

TEST_F(DebTest, AFileThatIsNoPackageIsRefused) {
  WriteFile(Outside("junk.deb"), "junk");
  ExpectFails(DebStep(Outside("junk.deb")), ItemCode::kArtifactMalformed);
}

TEST_F(DebTest, AFolderLinkOutOfTheTargetIsRefused) {
  std::filesystem::create_directory(Outside("victim"));
  std::filesystem::create_directory_symlink(Outside("victim"), InRoot("/usr"));
  ExpectFails(DebStep(BuildDeb()), ItemCode::kTargetPathRefused);
  EXPECT_TRUE(std::filesystem::is_empty(Outside("victim")));
}

class ArchiveTest : public StepsTest {
 protected:
  // Runs `line` in an empty folder; it must leave "out.tar", which becomes the artefact.
  Step ArchiveStep(const std::string& line, std::string destination = "/opt/app") {
    const std::string tree = Outside("tree");
    std::filesystem::create_directories(tree);
    Shell("cd " + tree + "; " + line + "; zstd -q -f out.tar -o ../archive.tar.zst");
    return StepOf(PackageStep{PackageStep::Format::kTarZst,
                              artifacts_.Add(Outside("archive.tar.zst")), "", "",
                              std::move(destination)});
  }
};

constexpr char kGoodTree[] =
    "mkdir -p bin share; echo run > bin/app; chmod 755 bin/app; echo data > share/data; "
    "ln -s ../share/data bin/data; ln share/data share/same; tar -cf out.tar bin share";

TEST_F(ArchiveTest, IsUnpackedBelowItsDestination) {
  ExpectTakesHold(ArchiveStep(kGoodTree));
  EXPECT_EQ(ReadFile(InRoot("/opt/app/bin/app")), "run\n");
  EXPECT_EQ(ModeOf(InRoot("/opt/app/bin/app")), 0755u);
  EXPECT_EQ(ReadFile(InRoot("/opt/app/bin/data")), "data\n");
  EXPECT_EQ(std::filesystem::hard_link_count(InRoot("/opt/app/share/same")), 2u);
}

TEST_F(ArchiveTest, MayBeUnpackedAgain) {
  const Step step = ArchiveStep(kGoodTree);
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  EXPECT_EQ(Apply(step).kind, Kind::kDone);
  EXPECT_EQ(Verify(step).kind, Kind::kDone);
}

TEST_F(ArchiveTest, IsNotInPlaceWhenAFileOfItWasChanged) {
  const Step step = ArchiveStep(kGoodTree);
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  WriteFile(InRoot("/opt/app/bin/app"), "RUN\n");
  EXPECT_EQ(Verify(step).kind, Kind::kNotInPlace);
}

TEST_F(ArchiveTest, IsNotInPlaceWhenALinkOfItPointsElsewhere) {
  const Step step = ArchiveStep(kGoodTree);
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  std::filesystem::remove(InRoot("/opt/app/bin/data"));
  std::filesystem::create_symlink("/etc/passwd", InRoot("/opt/app/bin/data"));
  EXPECT_EQ(Verify(step).kind, Kind::kNotInPlace);
}

TEST_F(ArchiveTest, TheSameArchiveElsewhereIsAnotherInstallation) {
  Step step = ArchiveStep(kGoodTree);
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  std::get<PackageStep>(step.action).destination = "/srv";
  EXPECT_EQ(Detect(step).kind, Kind::kNotInPlace);
}

TEST_F(ArchiveTest, AnEntryThatClimbsOutIsRefused) {
  ExpectFails(ArchiveStep("echo x > evil; tar -P -cf out.tar --transform='s,^,../,' evil"),
              ItemCode::kArtifactMalformed);
  EXPECT_FALSE(std::filesystem::exists(InRoot("/opt/evil")));
}

TEST_F(ArchiveTest, AnAbsoluteEntryIsRefused) {
  ExpectFails(ArchiveStep("echo x > evil; tar -P -cf out.tar --transform='s,^,/tmp/,' evil"),
              ItemCode::kArtifactMalformed);
}

TEST_F(ArchiveTest, AnEntryBehindALinkOutOfTheDestinationStaysInside) {
  std::filesystem::create_directory(Outside("victim"));
  // A link "way" to the victim, then a file "way/evil".
  const Step step = ArchiveStep("ln -s " + Outside("victim") +
                                " way; tar -cf out.tar way; rm way; mkdir way; echo x > way/evil; "
                                "tar -rf out.tar way/evil");
  const StepResult result = Apply(step);
  EXPECT_EQ(result.kind, Kind::kFailed);
  EXPECT_TRUE(std::filesystem::is_empty(Outside("victim")));
}

TEST_F(ArchiveTest, AHardLinkToAFileOutsideIsRefused) {
  ExpectFails(ArchiveStep("echo x > a; ln a b; "
                          "tar -P -cf out.tar --transform='flags=h;s,^a,../../../etc/passwd,' a b"),
              ItemCode::kArtifactMalformed);
}

TEST_F(ArchiveTest, ADeviceIsRefused) {
  ExpectFails(ArchiveStep("mkfifo pipe; tar -cf out.tar pipe"), ItemCode::kArtifactMalformed);
}

TEST_F(ArchiveTest, ATruncatedArchiveIsRefusedAndNotInPlace) {
  Step step = ArchiveStep("head -c 300000 /dev/urandom > a; tar -cf out.tar a");
  Shell("head -c 100000 " + Outside("archive.tar.zst") + " > " + Outside("cut.tar.zst"));
  std::get<PackageStep>(step.action).artifact = artifacts_.Add(Outside("cut.tar.zst"));
  ExpectFails(step, ItemCode::kArtifactMalformed);
  EXPECT_EQ(Detect(step).kind, Kind::kNotInPlace);
  EXPECT_FALSE(std::filesystem::exists(InRoot("/opt/app/a")));
}

TEST_F(ArchiveTest, AnotherFormatIsRefused) {
  Step step = ArchiveStep(kGoodTree);
  Shell("cd " + Outside("tree") + "; gzip -c out.tar > ../archive.tar.gz");
  std::get<PackageStep>(step.action).artifact = artifacts_.Add(Outside("archive.tar.gz"));
  ExpectFails(step, ItemCode::kArtifactMalformed);
}

}  // namespace
}  // namespace preseal::agent::steps
