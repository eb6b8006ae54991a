// SPDX-License-Identifier: Apache-2.0
// Whole outputs of each formatter over the API's answers.
#include "server/cli/formatter.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

template <typename Message>
Message FromJson(const std::string& json) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return message;
}

fleet_v1::ListDevicesResponse ThreeDevices() {
  return FromJson<fleet_v1::ListDevicesResponse>(R"({"devices": [
    {"name": "devices/D-7", "serialNumber": "SN-7", "manufacturer": "Acme", "model": "K1",
     "batch": "batches/PO-7", "slot": "A3", "profile": "kiosk",
     "state": "DEVICE_STATE_PROVISIONING", "stateTime": "2026-11-22T03:00:00.5Z",
     "progress": {"itemName": "Browser", "itemsDone": 3, "itemsTotal": 7, "percent": 45},
     "contact": {"state": "STATE_CONNECTED", "lastTime": "2026-11-22T03:01:00Z"}, "lab": true,
     "enrolled": true, "run": {"name": "devices/D-7/runs/2", "attempt": 2}, "revision": "12"},
    {"name": "devices/D-8", "serialNumber": "SN,\"8\"", "batch": "batches/PO-7",
     "state": "DEVICE_STATE_FAILED", "contact": {"state": "STATE_SILENT"},
     "failure": {"code": "EK_CHAIN_UNTRUSTED", "message": "bad\u001b[2Jmaker"}},
    {"name": "devices/D-9", "serialNumber": "SN-9", "batch": "batches/PO-7",
     "state": "DEVICE_STATE_REGISTERED", "contact": {"state": "STATE_NEVER"}}]})");
}

std::string Formatted(OutputFormat format, const OutputStyle& style, const Report& report) {
  return MakeFormatter(format, style)->Format(report);
}

TEST(TableFormatterTest, AlignsDevicesAndEscapesWhatTheySay) {
  EXPECT_EQ(Formatted(OutputFormat::kTable, {.unicode = true}, DevicesReport(ThreeDevices())),
            R"(DEVICE  SERIAL  SLOT  BATCH  STATE           ITEMS  %    CONTACT    NOTE
D-7     SN-7    A3    PO-7   ▶ PROVISIONING  3/7    45%  connected  LAB Browser
D-8     SN,"8"        PO-7   ✗ FAILED                    SILENT     EK_CHAIN_UNTRUSTED bad\x1b[2Jmaker
D-9     SN-9          PO-7   ○ REGISTERED                never
)");
}

TEST(TableFormatterTest, ShowsABackslashAsItWasWrittenAndNoControlCharacter) {
  Report report;
  report.sections.push_back({"", true, {{""}, {{{"+ content: \"a\\n\" \x1b[2J"}}}}, ""});
  EXPECT_EQ(Formatted(OutputFormat::kTable, {}, report), "+ content: \"a\\n\" \\x1b[2J\n");
}

TEST(TableFormatterTest, UsesAsciiShapesAndCutsToTheWidth) {
  EXPECT_EQ(Formatted(OutputFormat::kTable, {.unicode = false, .width = 60},
                      DevicesReport(ThreeDevices())),
            R"(DEVICE  SERIAL  SLOT  BATCH  STATE           ITEMS  %    CO~
D-7     SN-7    A3    PO-7   > PROVISIONING  3/7    45%  co~
D-8     SN,"8"        PO-7   X FAILED                    SI~
D-9     SN-9          PO-7   . REGISTERED                ne~
)");
}

TEST(TableFormatterTest, ColoursOnlyWhenAsked) {
  batch_v1::ListBatchesResponse none;
  EXPECT_EQ(Formatted(OutputFormat::kTable, {.colour = true}, BatchesReport(none)), "no batches\n");
  auth_v1::Principal principal;
  principal.set_name("ana");
  principal.set_role(auth_v1::ROLE_LEAD);
  principal.set_organisation("Example Ltd");
  const Report report = PrincipalReport(principal, "host:1");
  EXPECT_EQ(Formatted(OutputFormat::kTable, {.colour = true}, report),
            "\x1b[2mName\x1b[0m          ana\n"
            "\x1b[2mRole\x1b[0m          lead\n"
            "\x1b[2mOrganisation\x1b[0m  Example Ltd\n"
            "\x1b[2mServer\x1b[0m        host:1\n");
  EXPECT_EQ(Formatted(OutputFormat::kTable, {}, report),
            "Name          ana\n"
            "Role          lead\n"
            "Organisation  Example Ltd\n"
            "Server        host:1\n");
}

TEST(CsvFormatterTest, WritesEveryColumnAndQuotesByRfc4180) {
  EXPECT_EQ(Formatted(OutputFormat::kCsv, {.colour = true}, DevicesReport(ThreeDevices())),
            "device,serial_number,manufacturer,model,batch,slot,assigned_user,profile,state,"
            "state_time,items_done,items_total,percent,item,contact,contact_time,lab,enrolled,"
            "satisfied,sealable,sealed,seal_time,seal_unconfirmed,failure_code,failure_message,"
            "attempt,revision\n"
            "D-7,SN-7,Acme,K1,PO-7,A3,,kiosk,PROVISIONING,2026-11-22T03:00:00Z,3,7,45,Browser,"
            "connected,2026-11-22T03:01:00Z,true,true,false,false,false,,false,,,2,12\n"
            "D-8,\"SN,\"\"8\"\"\",,,PO-7,,,,FAILED,,0,0,0,,SILENT,,false,false,false,false,false,,"
            "false,EK_CHAIN_UNTRUSTED,bad\x1b[2Jmaker,,0\n"
            "D-9,SN-9,,,PO-7,,,,REGISTERED,,0,0,0,,never,,false,false,false,false,false,,false,,,"
            ",0\n");
}

TEST(JsonFormatterTest, SpeaksProto3JsonWithStableShape) {
  const auto batch = FromJson<batch_v1::Batch>(
      R"({"name": "batches/PO-7", "total": 8, "counts": [{"state": "DEVICE_STATE_SEALED", "count": 7}],
          "updateTime": "2026-11-22T03:00:00Z"})");
  EXPECT_EQ(Formatted(OutputFormat::kJson, {.colour = true}, BatchReport(batch)), R"({
  "name": "batches/PO-7",
  "total": 8,
  "counts": [
    {
      "state": "DEVICE_STATE_SEALED",
      "count": 7
    }
  ],
  "silent": 0,
  "refused": 0,
  "updateTime": "2026-11-22T03:00:00Z"
}
)");
  EXPECT_EQ(
      MakeFormatter(OutputFormat::kJson, {})->FormatNext(BatchChangeReport(batch), false),
      R"({"name":"batches/PO-7","total":8,"counts":[{"state":"DEVICE_STATE_SEALED","count":7}],)"
      R"("silent":0,"refused":0,"updateTime":"2026-11-22T03:00:00Z"})"
      "\n");
}

TEST(ViewsTest, ShowsOneDeviceWithFailureItemsAndAttempts) {
  const auto device = FromJson<fleet_v1::Device>(R"({
    "name": "devices/D-7", "serialNumber": "SN-7", "batch": "batches/PO-7", "lab": true,
    "state": "DEVICE_STATE_FAILED", "stateTime": "2026-11-22T03:00:00Z", "enrolled": true,
    "contact": {"state": "STATE_CONNECTED"},
    "failure": {"code": "EXIT_CODE", "itemId": "browser", "message": "exit code 3",
                "remedy": "retry"},
    "items": [
      {"itemId": "a", "displayName": "Secure your hardware", "phase": "PHASE_DEVICE_PREPARATION",
       "state": "ITEM_STATE_SUCCEEDED", "percent": 100},
      {"itemId": "b", "displayName": "Policy", "phase": "PHASE_DEVICE_SETUP",
       "state": "ITEM_STATE_SUCCEEDED", "percent": 100, "alreadyDone": true},
      {"itemId": "browser", "displayName": "Browser", "phase": "PHASE_DEVICE_SETUP",
       "state": "ITEM_STATE_FAILED", "percent": 40, "code": "EXIT_CODE", "message": "exit code 3"}],
    "run": {"name": "devices/D-7/runs/1", "attempt": 1, "outcome": "RUN_OUTCOME_FAILED",
            "startTime": "2026-11-22T02:58:00Z", "endTime": "2026-11-22T03:00:00Z",
            "eventCount": "31"}})");
  EXPECT_EQ(Formatted(OutputFormat::kTable, {.unicode = true}, DeviceReport(device)),
            R"(Device    D-7
State     ✗ FAILED
Since     2026-11-22T03:00:00Z
Attested  LAB - not for production
Contact   connected
Serial    SN-7
Batch     PO-7
Facts     enrolled, not satisfied, not sealable, not sealed

Failure
Code  EXIT_CODE
Item  browser
What  exit code 3
Do    retry

Device preparation
STATE   %     ID  ITEM                  CODE  MESSAGE
✓ done  100%  a   Secure your hardware

Device setup
STATE       %     ID       ITEM     CODE       MESSAGE
✓ in place  100%  b        Policy
✗ FAILED    40%   browser  Browser  EXIT_CODE  exit code 3

Attempts
ATTEMPT  OUTCOME  STARTED               ENDED                 EVENTS
1        FAILED   2026-11-22T02:58:00Z  2026-11-22T03:00:00Z  31
)");
}

fleet_v1::Device RunningDevice(const std::string& more) {
  return FromJson<fleet_v1::Device>(
      R"({"name": "devices/D-7", "state": "DEVICE_STATE_PROVISIONING", "progress": {"itemName":
       "Browser", "itemsDone": 1, "itemsTotal": 2, "percent": 50})" +
      more + "}");
}

std::string NoteOf(const fleet_v1::Device& device) {
  fleet_v1::ListDevicesResponse list;
  *list.add_devices() = device;
  return DevicesReport(list).sections[0].table.rows[0].back().text;
}

TEST(ViewsTest, SaysThatAHoldIsAskedBeforeTheDeviceConfirmsIt) {
  const std::string hold = R"(, "lastCommand": {"kind": "KIND_HOLD", "state": "STATE_QUEUED"})";
  EXPECT_EQ(NoteOf(RunningDevice("")), "Browser");
  EXPECT_EQ(NoteOf(RunningDevice(hold)), "hold asked: Browser");
  EXPECT_EQ(NoteOf(RunningDevice(hold + R"(, "held": true)")), "on hold: Browser");
  EXPECT_EQ(NoteOf(RunningDevice(R"(, "held": true, "lastCommand": {"kind": "KIND_RESUME",
       "state": "STATE_DELIVERED"})")),
            "resume asked: Browser");
  EXPECT_EQ(NoteOf(RunningDevice(R"(, "lastCommand": {"kind": "KIND_HOLD",
       "state": "STATE_FAILED"})")),
            "Browser");
}

TEST(ViewsTest, SaysWhatARunWaitsForAndWhoLetAnItemPass) {
  const auto device = RunningDevice(R"(,
    "wait": {"kind": "KIND_PROMPT", "owner": "the person at the device", "limit": "600s"},
    "items": [
      {"itemId": "tag", "displayName": "Asset tag", "state": "ITEM_STATE_IN_PROGRESS",
       "wait": {"kind": "KIND_TOKEN", "place": 2}},
      {"itemId": "reader", "displayName": "Card reader", "state": "ITEM_STATE_FAILED",
       "waiver": {"actor": "lena", "reason": "built without one"}}])");
  EXPECT_EQ(NoteOf(device), "needs an answer: Browser");
  const std::string page = Formatted(OutputFormat::kTable, {}, DeviceReport(device));
  for (const char* text :
       {"Waits for  an answer: the person at the device, at most 10 min 00 s\n",
        "waits for its turn, place 2\n", "waived   0%", "let pass by lena: built without one\n"}) {
    EXPECT_THAT(page, testing::HasSubstr(text));
  }
}

TEST(ViewsTest, CountsABatchByWhatAResellerAsks) {
  const auto batches = FromJson<batch_v1::ListBatchesResponse>(R"({"batches": [
    {"name": "batches/PO-7", "total": 11, "silent": 1, "refused": 1,
     "updateTime": "2026-11-22T03:00:00Z",
     "counts": [{"state": "DEVICE_STATE_REGISTERED", "count": 1},
                {"state": "DEVICE_STATE_PROVISIONING", "count": 2},
                {"state": "DEVICE_STATE_READY_TO_SEAL", "count": 1},
                {"state": "DEVICE_STATE_SEALED", "count": 4},
                {"state": "DEVICE_STATE_FAILED", "count": 2},
                {"state": "DEVICE_STATE_BLOCKED", "count": 1}]}]})");
  EXPECT_EQ(Formatted(OutputFormat::kTable, {}, BatchesReport(batches)),
            "BATCH  TOTAL  SEALED  READY  UNDER WAY  REFUSED  FAILED  WAITING  SILENT  UPDATED\n"
            "PO-7   11     4       1      2          1        2       1        1       "
            "2026-11-22T03:00:00Z\n");
  EXPECT_EQ(Formatted(OutputFormat::kCsv, {}, BatchesReport(batches)),
            "batch,total,silent,registered,present,enrolled,provisioning,ready_to_seal,sealing,"
            "sealed,user_setup,in_service,failed,blocked,retired,update_time,refused\n"
            "PO-7,11,1,1,0,0,2,1,0,4,0,0,2,1,0,2026-11-22T03:00:00Z,1\n");
}

TEST(ViewsTest, SurvivesATimeOutsideTheCalendar) {
  fleet_v1::Device device;
  device.mutable_state_time()->set_seconds(-1'000'000'000'000);
  EXPECT_EQ(DeviceReport(device).csv.rows[0][9].text, "invalid");
  EXPECT_EQ(Formatted(OutputFormat::kJson, {}, DeviceReport(device)), "{}\n");
}

}  // namespace
}  // namespace preseal::server::cli
