// SPDX-License-Identifier: Apache-2.0
// Documents and the plans they make, on a real database with real YAML and real files.
#include "server/service/profile/profile_desk.h"

#include <gmock/gmock.h>

#include <fstream>

#include "server/adapters/blobs/blob_directory.h"
#include "server/adapters/profile/profile_folder.h"
#include "server/adapters/profile/yaml_format.h"
#include "server/service/profile/document_desk.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using test::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kOffice[] =
    "name: office\nitems:\n  - {id: motd, name: Motd, category: policies, file: {path: /etc/motd, "
    "content: x}}\n";

std::string Profile(const std::string& name, const std::string& settings) {
  return "kind: DeploymentProfile\nname: " + name + "\npreprovisioning_allowed: true\n" + settings +
         "items:\n  - {id: motd, name: Motd, category: policies, file: {path: /etc/motd, content: "
         "x}}\n";
}

class ProfileDeskTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    auto blobs = BlobDirectory::Open(dir_.File("blobs"));
    ASSERT_OK(blobs);
    blobs_ = *std::move(blobs);
    loader_.emplace(format_, *blobs_);
    desk_.emplace(format_, *loader_, clock_, ProfileNames{"", ""});
    documents_.emplace(*store_, clock_, format_, *blobs_, *loader_, *desk_);
  }

  ApplyAnswer Apply(const std::string& text, bool validate_only = false, bool prune = false) {
    auto answer = documents_->Apply(admin_, {.documents = {{"x.yaml", text}},
                                             .files = files_,
                                             .validate_only = validate_only,
                                             .prune = prune});
    EXPECT_OK(answer);
    if (!answer.ok()) return {};
    for (const Mistake& mistake : answer->mistakes) last_mistakes_.push_back(mistake.message);
    return *std::move(answer);
  }
  Device NewDevice(const std::string& serial, const std::string& model = "X",
                   DeviceState state = DeviceState::kRegistered) {
    Device device{.serial_number = serial,
                  .model = model,
                  .profile = "office",
                  .state = state,
                  .state_time = clock_.Now(),
                  .create_time = clock_.Now()};
    EXPECT_OK(Write([&](Tx& tx) { return tx.devices.Insert(&device); }));
    return device;
  }
  StatusOr<FrozenPlan> Freeze(const Device& device, Flow flow = Flow::kTechnician) {
    FrozenPlan plan;
    const Status status = Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(plan, desk_->FreezeFor(tx, device, flow));
      return OkStatus();
    });
    if (!status.ok()) return status;
    return plan;
  }
  std::vector<std::string> Listed() {
    std::vector<std::string> names;
    const auto documents = documents_->List(false);
    EXPECT_OK(documents);
    if (!documents.ok()) return names;
    for (const auto& one : *documents) names.push_back(one.id + "@" + std::to_string(one.version));
    return names;
  }
  Status Folder(const std::string& text) {
    return documents_->ApplyFolder({{"folder/office.yaml", text}}, {});
  }

  const Principal admin_{.name = "ana", .role = Role::kAdmin};
  YamlFormat format_;
  std::unique_ptr<BlobDirectory> blobs_;
  std::optional<LibraryLoader> loader_;
  std::optional<ProfileDesk> desk_;
  std::optional<DocumentDesk> documents_;
  std::vector<DocumentFile> files_;
  std::vector<std::string> last_mistakes_;
};

TEST_F(ProfileDeskTest, WhatIsAppliedIsWhatDevicesGet) {
  const ApplyAnswer answer = Apply(kOffice);
  EXPECT_TRUE(answer.applied);
  ASSERT_OK_AND_ASSIGN(const FrozenPlan plan, Freeze(NewDevice("SN-1")));
  EXPECT_EQ(plan.profile, "office");
  EXPECT_EQ(plan.profile_version, 1u);
  ASSERT_EQ(plan.items.size(), 1u);
  EXPECT_EQ(plan.items[0].origin, "profile office");
}

TEST_F(ProfileDeskTest, ADryRunTellsTheDiffAndStoresNothing) {
  Apply(kOffice);
  NewDevice("SN-1");
  std::string changed = kOffice;
  changed.replace(changed.find("content: x"), 10, "content: y");
  const ApplyAnswer answer = Apply(changed, true);
  EXPECT_FALSE(answer.applied);
  ASSERT_EQ(answer.changes.size(), 1u);
  EXPECT_EQ(answer.changes[0].outcome, ChangeOutcome::kChanged);
  EXPECT_EQ(answer.changes[0].version, 2u);
  EXPECT_EQ(answer.changes[0].devices, 1u);
  EXPECT_THAT(answer.changes[0].diff, testing::Contains(HasSubstr("content: y")));
  EXPECT_THAT(Listed(), ElementsAre("office@1"));
}

TEST_F(ProfileDeskTest, AnEqualDocumentStaysWhatItIs) {
  Apply(kOffice);
  EXPECT_EQ(Apply(kOffice).changes[0].outcome, ChangeOutcome::kUnchanged);
  EXPECT_THAT(Listed(), ElementsAre("office@1"));
}

TEST_F(ProfileDeskTest, OneMistakeKeepsAllDocumentsOut) {
  const ApplyAnswer answer =
      Apply(std::string(kOffice) +
            "---\nkind: Assignment\nname: a\nitems: [gone]\nto: {groups: [nobody]}\n");
  EXPECT_FALSE(answer.applied);
  EXPECT_THAT(last_mistakes_,
              ElementsAre("there is no Item \"gone\"", "there is no Group \"nobody\""));
  EXPECT_EQ(answer.mistakes[0].place, (Place{"x.yaml", 7, 9}));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(ProfileDeskTest, ACycleAcrossCallsIsFoundAndNamed) {
  Apply("kind: Item\nid: a\nname: A\ncategory: apps\nfile: {path: /a, content: x}\n");
  Apply("kind: Item\nid: b\nname: B\ncategory: apps\nafter: [a]\nfile: {path: /b, content: x}\n");
  Apply("kind: Item\nid: a\nname: A\ncategory: apps\nafter: [b]\nfile: {path: /a, content: x}\n");
  EXPECT_THAT(last_mistakes_, ElementsAre("these wait for each other: a -> b -> a"));
}

TEST_F(ProfileDeskTest, PruneEndsWhatIsNotAmongThem) {
  Apply(kOffice);
  Apply("kind: Group\nname: sales\nrule: model == \"X\"\n");
  const ApplyAnswer answer = Apply(kOffice, false, true);
  ASSERT_EQ(answer.changes.size(), 2u);
  EXPECT_EQ(answer.changes[1].outcome, ChangeOutcome::kDeleted);
  EXPECT_THAT(Listed(), ElementsAre("office@1"));
  ASSERT_OK_AND_ASSIGN(const auto old, documents_->Get(DocumentKind::kGroup, "sales", 1));
  EXPECT_EQ(old.text, "kind: Group\nname: sales\nrule: model == \"X\"\n");
}

TEST_F(ProfileDeskTest, WhatIsNeededCannotBeDeleted) {
  Apply(std::string(kOffice) +
        "---\nkind: Group\nname: sales\nrule: all\n---\nkind: Assignment\nname: a\nprofile: "
        "office\nto: {groups: [sales]}\n");
  EXPECT_THAT(documents_->Delete(admin_, DocumentKind::kGroup, "sales"),
              StatusIs(StatusCode::kFailedPrecondition, "there is no Group \"sales\""));
  ASSERT_OK(documents_->Delete(admin_, DocumentKind::kAssignment, "a"));
  EXPECT_OK(documents_->Delete(admin_, DocumentKind::kGroup, "sales"));
}

TEST_F(ProfileDeskTest, TheFolderDoesNotUndoWhatAPersonApplied) {
  ASSERT_OK(Folder(kOffice));
  ASSERT_OK(Folder(Profile("office", "description: folder\n")));
  EXPECT_THAT(Listed(), ElementsAre("office@2"));
  Apply(Profile("office", "description: person\n"));
  ASSERT_OK(Folder(kOffice));
  EXPECT_THAT(Listed(), ElementsAre("office@3"));
}

TEST_F(ProfileDeskTest, TheFoldersMistakesAreTold) {
  EXPECT_THAT(Folder("name: office\nitems: [gone, lost]\n"),
              StatusIs(StatusCode::kInvalidArgument,
                       "folder/office.yaml:2:9: there is no Item \"gone\"\n"
                       "folder/office.yaml:2:15: there is no Item \"lost\""));
}

TEST_F(ProfileDeskTest, AFolderBringsTheFilesItNames) {
  const std::string folder = dir_.File("profiles");
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/office.yaml") << "name: office\nitems:\n  - {id: p, name: P, category: "
                                            "apps, package: {format: deb, source: "
                                            "p.deb, package: p, version: 1}}\n";
  std::ofstream(folder + "/p.deb") << "content";
  ASSERT_OK_AND_ASSIGN(const FolderContent content,
                       ReadProfileFolder(folder, [&](const auto& file) -> StatusOr<StoredArtifact> {
                         ASSIGN_OR_RETURN(const auto blob, blobs_->Import(file));
                         return StoredArtifact{blob.sha256, blob.size};
                       }));
  ASSERT_OK(documents_->ApplyFolder(content.documents, content.files));
  ASSERT_OK_AND_ASSIGN(const FrozenPlan plan, Freeze(NewDevice("SN-1")));
  EXPECT_EQ(plan.items.size(), 1u);
}

TEST_F(ProfileDeskTest, ContentTheServerHasNotIsAskedFor) {
  files_ = {{"p.deb", Bytes(32, 1), 5}};
  const ApplyAnswer answer = Apply(
      "name: office\nitems:\n  - {id: p, name: P, category: apps, package: {format: deb, source: "
      "p.deb, package: p, version: 1}}\n");
  EXPECT_FALSE(answer.applied);
  ASSERT_EQ(answer.missing.size(), 1u);
  EXPECT_EQ(answer.missing[0].source, "p.deb");
}

TEST_F(ProfileDeskTest, PreProvisioningMustBeAllowed) {
  Apply(
      "kind: DeploymentProfile\nname: office\nitems:\n  - {id: m, name: M, category: policies, "
      "file: {path: /m, content: x}}\n");
  const Device device = NewDevice("SN-1");
  EXPECT_THAT(Freeze(device), StatusIs(StatusCode::kFailedPrecondition, "preprovisioning_allowed"));
  EXPECT_OK(Freeze(device, Flow::kUser));
}

TEST_F(ProfileDeskTest, InQuarantineWithoutAProfileNothingRuns) {
  Apply(kOffice);
  Device device = NewDevice("SN-1");
  device.quarantined = true;
  EXPECT_THAT(Freeze(device), StatusIs(StatusCode::kFailedPrecondition, "quarantine_profile"));
}

TEST_F(ProfileDeskTest, NamesAreReservedOnceAndKept) {
  Apply(Profile("office", "name_template: PC-%SEQ:3%\n"));
  const Device one = NewDevice("SN-1");
  const Device two = NewDevice("SN-2");
  ASSERT_OK_AND_ASSIGN(const FrozenPlan first, Freeze(one));
  ASSERT_OK_AND_ASSIGN(const FrozenPlan again, Freeze(one));
  ASSERT_OK_AND_ASSIGN(const FrozenPlan second, Freeze(two));
  EXPECT_EQ(first.device_name, "PC-001");
  EXPECT_EQ(again.device_name, "PC-001");
  EXPECT_EQ(second.device_name, "PC-002");
  EXPECT_EQ(first.items[0].item_id.text(), "set-name");
}

TEST_F(ProfileDeskTest, ASerialsNameThatIsTakenIsRefusedWithItsHolder) {
  Apply(Profile("office", "name_template: PC-%SERIAL%\n"));
  const Device one = NewDevice("AB_1");
  ASSERT_OK(Freeze(one));
  EXPECT_THAT(Freeze(NewDevice("AB1")),
              StatusIs(StatusCode::kFailedPrecondition, "PC-AB1 belongs to " + one.id.text()));
}

TEST_F(ProfileDeskTest, DrawingANameEnds) {
  Apply(Profile("office", "name_template: PC-%RAND:1%\n"));
  for (int i = 0; i < 10; ++i) {
    const Device device = NewDevice("SN-" + std::to_string(i));
    ASSERT_OK(Write([&](Tx& tx) {
      return tx.names.ReserveName({"PC-" + std::to_string(i), device.id, "", clock_.Now()});
    }));
  }
  EXPECT_THAT(Freeze(NewDevice("SN-X")), StatusIs(StatusCode::kFailedPrecondition, "no free name"));
}

TEST_F(ProfileDeskTest, APersonsNameIsKeptUnlessItIsAnothers) {
  Apply(Profile("office", "name_template: PC-%SEQ%\n"));
  Device one = NewDevice("SN-1");
  one.device_name = "FRONT-DESK";
  ASSERT_OK_AND_ASSIGN(const FrozenPlan plan, Freeze(one));
  EXPECT_EQ(plan.device_name, "FRONT-DESK");
  Device two = NewDevice("SN-2");
  two.device_name = "front-desk";
  EXPECT_THAT(Freeze(two), StatusIs(StatusCode::kFailedPrecondition, "belongs to"));
}

TEST_F(ProfileDeskTest, PreviewReservesNothing) {
  Apply(Profile("office", "name_template: PC-%SEQ%\n"));
  const Device device = NewDevice("SN-1");
  const auto name = [&] {
    return Look<EffectivePlan>(
               [&](Tx& tx) { return desk_->Preview(tx, device, Flow::kTechnician, ""); })
        .device_name;
  };
  EXPECT_EQ(name(), "PC-1");
  EXPECT_EQ(name(), "PC-1");
}

TEST_F(ProfileDeskTest, DriftIsWhatWasAssignedSinceTheSeal) {
  Apply(Profile("office", "name_template: PC-%SEQ%\n"));
  const Device device = NewDevice("SN-1");
  ASSERT_OK_AND_ASSIGN(const FrozenPlan sealed, Freeze(device));
  const auto digest = [&] {
    return Look<std::string>([&](Tx& tx) { return desk_->DigestNow(tx, device); });
  };
  const auto drift = [&] {
    return Look<std::vector<std::string>>(
        [&](Tx& tx) { return desk_->DriftLines(tx, device, ByteView(sealed.plan)); });
  };
  EXPECT_EQ(digest(), sealed.profile_digest);
  EXPECT_THAT(drift(), IsEmpty());
  Apply(
      "kind: Item\nid: crm\nname: CRM\ncategory: apps\nfile: {path: /crm, content: x}\n---\n"
      "kind: Assignment\nname: a\nitems: [crm]\nto: {all_devices: true}\n");
  EXPECT_NE(digest(), sealed.profile_digest);
  EXPECT_THAT(drift(), ElementsAre("+ CRM (assignment a: all devices)"));
}

TEST_F(ProfileDeskTest, SettleTakesTheOnlyProfileAndRefusesUnknownOnes) {
  const auto settle = [&](ProfileDesk& desk) {
    return store_->Read([&](Tx& tx) { return desk.Settle(tx); });
  };
  EXPECT_THAT(settle(*desk_), StatusIs(StatusCode::kFailedPrecondition, "no deployment profile"));
  Apply(kOffice);
  ASSERT_OK(settle(*desk_));
  EXPECT_EQ(desk_->default_profile(), "office");
  ProfileDesk other(format_, *loader_, clock_, {"gone", ""});
  EXPECT_THAT(settle(other), StatusIs(StatusCode::kFailedPrecondition, "\"gone\" is none"));
}

TEST_F(ProfileDeskTest, AnApplyWarnsOfGroupsThatHoldNoneOrAll) {
  NewDevice("SN-1");
  const ApplyAnswer answer = Apply(
      "kind: Group\nname: none\nrule: model == \"Y\"\n---\nkind: Group\nname: every\nrule: model "
      "== "
      "\"X\"\n");
  EXPECT_THAT(answer.warnings, ElementsAre(HasSubstr("group every matches every device today"),
                                           HasSubstr("group none matches no device today")));
}

TEST_F(ProfileDeskTest, AGroupOfSealedDevicesIsNotEmpty) {
  NewDevice("SN-1");
  NewDevice("SN-2", "Y", DeviceState::kSealed);
  const ApplyAnswer answer = Apply(
      "kind: Group\nname: sealed\nrule: model == \"Y\"\n---\nkind: Group\nname: others\nrule: "
      "model == \"X\"\n");
  EXPECT_TRUE(answer.applied);
  EXPECT_THAT(answer.warnings, IsEmpty());
}

}  // namespace
}  // namespace preseal::server
