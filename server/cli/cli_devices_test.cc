// SPDX-License-Identifier: Apache-2.0
// Looking, watching, commanding and importing over a real connection.
#include <nlohmann/json.hpp>

#include "server/cli/cli_fixture.h"

namespace preseal::server::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CliDevicesTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    fleet_.devices = {MakeDevice(1, lifecycle_v1::DEVICE_STATE_READY_TO_SEAL),
                      MakeDevice(2, lifecycle_v1::DEVICE_STATE_FAILED),
                      MakeDevice(3, lifecycle_v1::DEVICE_STATE_READY_TO_SEAL)};
  }

  static fleet_v1::Device Later(int number, lifecycle_v1::DeviceState state) {
    fleet_v1::Device device = MakeDevice(number, state);
    device.mutable_state_time()->set_seconds(3000);
    return device;
  }
};

TEST_F(CliDevicesTest, ListsEveryPage) {
  const CliResult table = RunAsAdmin({"devices", "list"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(table.out,
            "DEVICE  SERIAL  SLOT  BATCH  STATE            ITEMS  %  CONTACT    NOTE\n"
            "D-1     SN-1          PO-7   + READY TO SEAL            connected\n"
            "D-2     SN-2          PO-7   X FAILED                   connected\n"
            "D-3     SN-3          PO-7   + READY TO SEAL            connected\n");
  const auto json = nlohmann::json::parse(RunAsAdmin({"--output", "json", "devices", "list"}).out,
                                          nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["devices"].size(), 3u);
  EXPECT_EQ(json["devices"][2]["state"], "DEVICE_STATE_READY_TO_SEAL");
}

TEST_F(CliDevicesTest, PassesTheFilterOn) {
  ASSERT_EQ(RunAsAdmin({"devices", "list", "--batch", "PO-7", "--state", "failed,READY-TO-SEAL",
                        "--query", "SN"})
                .code,
            0);
  EXPECT_EQ(fleet_.last_list.batch(), "batches/PO-7");
  EXPECT_THAT(fleet_.last_list.states(), ElementsAre(lifecycle_v1::DEVICE_STATE_FAILED,
                                                     lifecycle_v1::DEVICE_STATE_READY_TO_SEAL));
  EXPECT_EQ(fleet_.last_list.query(), "SN");
  EXPECT_EQ(RunAsAdmin({"devices", "list", "--state", "GREEN"}).code, 2);
}

TEST_F(CliDevicesTest, FindsADeviceByIdOrSerial) {
  EXPECT_EQ(RunAsAdmin({"devices", "show", "D-2"}).code, 0);
  EXPECT_THAT(RunAsAdmin({"devices", "show", "sn-2"}).err, HasSubstr("no device with serial"));
  EXPECT_THAT(RunAsAdmin({"devices", "show", "SN-2"}).out, HasSubstr("D-2"));
  const CliResult unknown = RunAsAdmin({"devices", "show", "D-99"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no device"));
}

TEST_F(CliDevicesTest, WatchGoesOnWhereABrokenStreamEndedAndCtrlCIsSuccess) {
  fleet_.breaks = 2;
  fleet_.later = {Later(1, lifecycle_v1::DEVICE_STATE_SEALED)};
  const CliResult watched = WatchUntil("SEALED", {"devices", "watch", "--output", "csv"});
  EXPECT_EQ(watched.code, 0) << watched.err;
  EXPECT_THAT(fleet_.watch_cursors, ElementsAre(0, 41, 41));
  // One heading, the snapshot once, the change.
  EXPECT_EQ(std::count(watched.out.begin(), watched.out.end(), '\n'), 5);
  EXPECT_EQ(watched.out.rfind("device,", 0), 0u);
  EXPECT_THAT(watched.out, HasSubstr("SEALED"));
}

TEST_F(CliDevicesTest, WatchLinesTellOnlyNews) {
  fleet_.later = {Later(2, lifecycle_v1::DEVICE_STATE_FAILED),  // nothing a line would show
                  Later(2, lifecycle_v1::DEVICE_STATE_PROVISIONING)};
  const CliResult watched = WatchUntil("PROVISIONING", {"devices", "watch", "--query", "SN-2"});
  EXPECT_EQ(watched.code, 0) << watched.err;
  EXPECT_EQ(std::count(watched.out.begin(), watched.out.end(), '\n'), 3);
  EXPECT_THAT(watched.out, Not(HasSubstr("SN-1")));
  EXPECT_THAT(watched.out, HasSubstr("> PROVISIONING"));
}

TEST_F(CliDevicesTest, OneBadNameDoesNotStopTheOthers) {
  const CliResult result = RunAsAdmin({"retry", "SN-404", "SN-2", "D-2", "D-1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(fleet_.commanded, ElementsAre("devices/D-2"));  // once, by two names
  EXPECT_EQ(result.out,
            "DEVICE  RESULT     MESSAGE\n"
            "SN-404  X refused  no device with serial number SN-404\n"
            "D-2     > asked\n"
            "D-1     X refused  it is READY_TO_SEAL\n");
}

TEST_F(CliDevicesTest, WaitsForEachOutcome) {
  fleet_.later = {Later(1, lifecycle_v1::DEVICE_STATE_SEALING),
                  Later(1, lifecycle_v1::DEVICE_STATE_SEALED),
                  Later(3, lifecycle_v1::DEVICE_STATE_BLOCKED)};
  const CliResult one = RunAsAdmin({"reseal", "D-1", "--wait"});
  EXPECT_EQ(one.code, 0) << one.out << one.err;
  EXPECT_THAT(one.out, HasSubstr("+ done  sealed"));
  const CliResult both = RunAsAdmin({"reseal", "D-1", "D-3", "--wait", "--output", "json"});
  EXPECT_EQ(both.code, 1);
  const auto json = nlohmann::json::parse(both.out, nullptr, false);
  EXPECT_EQ(json["results"][0]["result"], "done");
  EXPECT_EQ(json["results"][1]["result"], "FAILED");
}

TEST_F(CliDevicesTest, WaitingInVainIsNoAnswer) {
  const CliResult late = RunAsAdmin({"reseal", "D-1", "--wait", "--timeout", "1s"});
  EXPECT_EQ(late.code, 2);
  EXPECT_THAT(late.err, HasSubstr("longer than the time given"));
  fleet_.interrupt_client = true;
  const CliResult interrupted = RunAsAdmin({"reseal", "D-1", "--wait"});
  EXPECT_EQ(interrupted.code, 2);
  EXPECT_THAT(interrupted.err, HasSubstr("the devices go on"));
}

TEST_F(CliDevicesTest, BulkResealShowsWhoCannotAndAsksFirst) {
  const CliResult unasked = RunAsAdmin({"reseal", "--batch", "PO-7", "--all-ready"});
  EXPECT_EQ(unasked.code, 2);
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  EXPECT_TRUE(fleet_.commanded.empty());
  const CliResult done = RunAsAdmin({"reseal", "--batch", "PO-7", "--all-ready", "--yes"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.err,
            "DEVICE  SERIAL  SLOT  RESEAL  WHY NOT\n"
            "D-1     SN-1          + yes\n"
            "D-2     SN-2          . no    FAILED\n"
            "D-3     SN-3          + yes\n");
  EXPECT_THAT(fleet_.commanded, ElementsAre("devices/D-1", "devices/D-3"));
  EXPECT_EQ(RunAsAdmin({"reseal", "--all-ready"}).code, 2);
  EXPECT_EQ(RunAsAdmin({"reseal"}).code, 2);
}

TEST_F(CliDevicesTest, ImportsAllRowsOrNone) {
  const std::string good = Write("good.csv", "serial,manufacturer,model\nA,Acme,K1\nB,Acme,K1\n");
  const CliResult imported = RunAsAdmin({"import", good, "--batch", "PO-7"});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.out,
            "ROW  SERIAL  RESULT     DEVICE  WHY\n"
            "2    A       + created  D-101\n"
            "3    B       + created  D-102\n"
            "\n"
            "2 created, 0 unchanged\n");
  EXPECT_FALSE(fleet_.last_import.validate_only());
  EXPECT_EQ(fleet_.last_import.batch(), "batches/PO-7");
  ASSERT_EQ(RunAsAdmin({"import", good, "--batch", "PO-7", "--dry-run"}).code, 0);
  EXPECT_TRUE(fleet_.last_import.validate_only());
}

TEST_F(CliDevicesTest, ImportTellsEverythingThatIsWrongAtOnce) {
  const CliResult refused = RunAsAdmin({"import", "-", "--batch", "PO-7"},
                                       "serial,manufacturer,model\nA,Acme,K1\n0,Acme,K1\nC,,K1\n");
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out,
            "ROW  SERIAL  RESULT     DEVICE  WHY\n"
            "3    0       X refused          JUNK_SERIAL: not a serial number\n"
            "4            X refused          manufacturer is empty\n"
            "\n"
            "2 of 3 rows refused, nothing imported\n");
  EXPECT_TRUE(fleet_.last_import.validate_only());
  EXPECT_EQ(RunAsAdmin({"import", dir_.File("none.csv"), "--batch", "PO-7"}).code, 2);
}

TEST_F(CliDevicesTest, AnotherResellersBatchIsANo) {
  EXPECT_EQ(RunAsAdmin({"batches", "show", "PO-7"}).code, 0);
  const CliResult other = RunAsAdmin({"batches", "show", "PO-8"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("does not name the batch"));
  EXPECT_EQ(RunAsAdmin({"batches", "show", "PO 8"}).code, 2);
}

TEST_F(CliDevicesTest, ListsAndWatchesBatches) {
  EXPECT_THAT(RunAsAdmin({"batches", "list", "--output", "csv"}).out, HasSubstr("\nPO-8,"));
  const CliResult watched = WatchUntil("PO-7   4", {"batches", "watch", "PO-7"});
  EXPECT_EQ(watched.code, 0) << watched.err;
  EXPECT_EQ(watched.out,
            "BATCH  TOTAL  SEALED  READY  UNDER WAY  REFUSED  FAILED  WAITING  SILENT  UPDATED\n"
            "PO-7   3      0       0      0          0        0       0        0\n"
            "PO-7   4      0       0      0          0        0       0        0\n");
}

TEST_F(CliDevicesTest, ReadsAWholeJournal) {
  const CliResult events = RunAsAdmin({"events", "D-1", "--attempt", "2"});
  EXPECT_EQ(events.code, 0) << events.err;
  EXPECT_EQ(fleet_.last_events.run(), "devices/D-1/runs/2");
  EXPECT_EQ(events.out,
            "SEQ  RECEIVED  KIND      ITEM  TEXT\n"
            "1              log-line        line 1\n"
            "2              log-line        line 2\n"
            "3              log-line        line 3\n");
}

TEST_F(CliDevicesTest, WritesABirthCertificateToAFile) {
  const std::string file = dir_.File("birth.jws");
  ASSERT_EQ(RunAsAdmin({"birth-certificate", "D-1", "-o", file}).code, 0);
  EXPECT_EQ(Read(file), "a.b.c\n");
}

TEST_F(CliDevicesTest, ColoursAndCursorMovesNeedATerminal) {
  EXPECT_THAT(RunAsAdmin({"devices", "list"}).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(RunAsAdmin({"batches", "show", "PO-7"}).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(WatchUntil("D-3", {"devices", "watch"}).out, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace preseal::server::cli
