// SPDX-License-Identifier: Apache-2.0
#include "server/cli/import_csv.h"

#include "common/base/limits.h"
#include "common/crypto/encoding.h"
#include "tests/support/status_matchers.h"

namespace preseal::server::cli {
namespace {

using test::StatusIs;

constexpr char kHeading[] = "serial,manufacturer,model,assigned_user\n";

// "row: serial|manufacturer|model|user" for each good line, then "row! problem".
std::string Told(const std::string& text) {
  const StatusOr<ImportFile> file = ReadImportFile(text);
  if (!file.ok()) return ToString(file.status());
  std::string told;
  for (const ImportLine& line : file->lines) {
    told += std::to_string(line.row) + ": " + line.serial_number + "|" + line.manufacturer + "|" +
            line.model + "|" + line.assigned_user + "\n";
  }
  for (const ImportProblem& problem : file->problems) {
    told += std::to_string(problem.row) + "! " + problem.message + "\n";
  }
  return told;
}

TEST(ReadImportFileTest, ReadsPlainRows) {
  EXPECT_EQ(Told("serial,manufacturer,model\nSN-1,Acme,K1\nSN-2,Acme,K2\n"),
            "2: SN-1|Acme|K1|\n3: SN-2|Acme|K2|\n");
}

TEST(ReadImportFileTest, ToleratesWhatSpreadsheetsWrite) {
  const std::string expected = "2: SN-1|Acme, Inc.|K \"1\"|ana@example.com\n";
  // Byte order mark, CRLF, quotes, doubled quotes, trailing empty fields, no last line end.
  EXPECT_EQ(Told("\xEF\xBB\xBFserial,manufacturer,model,assigned_user\r\n"
                 "SN-1,\"Acme, Inc.\",\"K \"\"1\"\"\",ana@example.com,,"),
            expected);
  EXPECT_EQ(Told("serial;manufacturer;model;assigned_user\r"
                 "SN-1;Acme, Inc.;\"K \"\"1\"\"\";ana@example.com\r"),
            expected);
  EXPECT_EQ(Told("serial\tmanufacturer\tmodel\tassigned_user\n"
                 "SN-1\t Acme, Inc. \t\"K \"\"1\"\"\"\tana@example.com\n"),
            expected);
}

TEST(ReadImportFileTest, KnowsHeadingsInAnyCaseOrderAndByOtherNames) {
  EXPECT_EQ(Told("Device Serial Number,Windows Product ID,Manufacturer name,Device model,"
                 "Assigned User\nSN-1,3305600123456,Acme,K1,ana\n"),
            "2: SN-1|Acme|K1|ana\n");
  EXPECT_EQ(Told("MODEL,Vendor,SERIAL_NUMBER\nK1,Acme,SN-1\n"), "2: SN-1|Acme|K1|\n");
  ASSERT_OK_AND_ASSIGN(const ImportFile file,
                       ReadImportFile("serial,Colour,make,model\nSN-1,x,Acme,K1\n"));
  EXPECT_EQ(file.ignored_columns, std::vector<std::string>{"Colour"});
}

TEST(ReadImportFileTest, NumbersRowsAsASpreadsheetDoes) {
  // Blank rows and a line break inside a field each count once.
  EXPECT_EQ(Told("\nserial,manufacturer,model\n\n,,\nSN-1,\"Ac\nme\",K1\nSN-2,Acme,K2\n"),
            "6: SN-2|Acme|K2|\n"
            "5! manufacturer has characters that cannot be shown; save the file as UTF-8\n");
}

TEST(ReadImportFileTest, TellsEveryProblemByItsRowAndGoesOn) {
  EXPECT_EQ(Told(std::string(kHeading) + "SN-1,Acme,K1,\n"
                                         "SN-2,\"Acme,K1,\n"
                                         "SN-3,\"Acme\"x,K1,\n"
                                         "SN-4,Ac\"me,K1,\n"
                                         "SN-5,Acme,K1,ana,extra\n"
                                         ",Acme,K1,\n"
                                         "SN-7,,K1,\n"
                                         "SN-8,Acme\n"
                                         "SN-1,Acme,K1,\n"
                                         "SN-9,Acme,K1,\n"),
            "2: SN-1|Acme|K1|\n"
            "11: SN-9|Acme|K1|\n"
            "3! a quote is not closed\n"
            "4! text stands after a closing quote\n"
            "5! a quote stands inside a field that is not quoted\n"
            "6! 5 fields where the heading has 4\n"
            "7! serial is empty\n"
            "8! manufacturer is empty\n"
            "9! model is empty\n"
            "10! serial is the same as in row 2\n");
}

TEST(ReadImportFileTest, RefusesUnprintableAndOverlongFields) {
  const std::string long_serial(kSerialBytesMax + 1, 'x');
  const std::string longest(kSerialBytesMax, 'x');
  EXPECT_EQ(Told(std::string(kHeading) + "a\x1b[2J,Acme,K1\n" + "b\xFF,Acme,K1\n" +
                 std::string("c\0d,Acme,K1\n", 12) + long_serial + ",Acme,K1\n"),
            "2! serial has characters that cannot be shown; save the file as UTF-8\n"
            "3! serial has characters that cannot be shown; save the file as UTF-8\n"
            "4! serial has characters that cannot be shown; save the file as UTF-8\n"
            "5! serial is longer than 128 bytes\n");
  EXPECT_EQ(Told(std::string(kHeading) + longest + ",A\\B,Gerät\n"),
            "2: " + longest + "|A\\B|Gerät|\n");
}

TEST(ReadImportFileTest, RefusesFilesThatAreNoList) {
  const auto code = StatusCode::kInvalidArgument;
  EXPECT_THAT(ReadImportFile(""), StatusIs(code, "empty"));
  EXPECT_THAT(ReadImportFile("\n\n\r\n"), StatusIs(code, "empty"));
  EXPECT_THAT(ReadImportFile(kHeading), StatusIs(code, "no row"));
  EXPECT_THAT(ReadImportFile("serial,manufacturer\nSN-1,Acme\n"),
              StatusIs(code, "no column \"model\""));
  EXPECT_THAT(ReadImportFile("serial,SN,manufacturer,model\n1,1,a,b\n"),
              StatusIs(code, "two columns for \"serial\""));
  EXPECT_THAT(ReadImportFile("\"serial,manufacturer,model\nSN-1,Acme,K1\n"),
              StatusIs(code, "row 1: a quote is not closed"));
  EXPECT_THAT(ReadImportFile(std::string("\xFF\xFEs\0e\0", 6)), StatusIs(code, "UTF-16"));
  EXPECT_THAT(ReadImportFile(std::string(kCliFileBytesMax + 1, 'x')), StatusIs(code, "too large"));
}

TEST(ReadImportFileTest, TakesExactlyTheMostRowsAServerTakes) {
  std::string text = kHeading;
  for (int i = 0; i < kImportRowsMax; ++i) text += "SN-" + std::to_string(i) + ",Acme,K1,\n";
  ASSERT_OK_AND_ASSIGN(const ImportFile file, ReadImportFile(text));
  EXPECT_EQ(file.lines.size(), static_cast<size_t>(kImportRowsMax));
  EXPECT_THAT(ReadImportFile(text + "one-more,Acme,K1,\n"),
              StatusIs(StatusCode::kInvalidArgument, "split the file"));
}

TEST(ReadImportFileTest, ReadsWhatGroupsAreRuledBy) {
  ASSERT_OK_AND_ASSIGN(
      const auto file,
      ReadImportFile("serial,make,model,SKU Number,Group Tag,attr:floor,attr:room\n"
                     "S1,Dell,L5450,0CB2,sales,3,\n"));
  ASSERT_EQ(file.lines.size(), 1u);
  EXPECT_EQ(file.lines[0].sku, "0CB2");
  EXPECT_EQ(file.lines[0].group_tag, "sales");
  EXPECT_EQ(file.lines[0].attributes, (std::map<std::string, std::string>{{"floor", "3"}}));
  EXPECT_TRUE(file.ignored_columns.empty());
}

TEST(ReadImportFileTest, RefusesAttributeColumnsThatAreNone) {
  for (const char* heading : {"attr:", "attr:a b", "attr:floor,attr:floor"}) {
    EXPECT_THAT(ReadImportFile(std::string("serial,make,model,") + heading + "\nS1,D,L,1,2\n"),
                test::StatusIs(StatusCode::kInvalidArgument, "row 1"))
        << heading;
  }
}

// A hash of the size real ones have, as Get-WindowsAutopilotInfo writes it.
std::string Hash(size_t cut = 0) {
  std::string text = crypto::Base64Encode(Bytes(3000 + 1, 0x4F));
  text.resize(text.size() - cut);
  return text;
}

// Autopilot's three identities: hash, product id (PKID), and manufacturer with model (tuple).
TEST(ReadImportFileTest, TakesAutopilotsOwnListsByHashAndByProductId) {
  ASSERT_OK_AND_ASSIGN(
      const auto file,
      ReadImportFile(
          "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User\n"
          "S1,," +
          Hash() +
          ",sales,alice@example.com\n"
          "S2,3305600123456,,,\n"
          "S3,," +
          Hash(2) + ",,\n"));  // padding that was cut off
  EXPECT_TRUE(file.problems.empty()) << file.problems[0].message;
  ASSERT_EQ(file.lines.size(), 3u);
  EXPECT_EQ(file.lines[0].group_tag, "sales");
  EXPECT_EQ(file.lines[0].assigned_user, "alice@example.com");
  EXPECT_TRUE(file.lines[0].attributes.empty());
  EXPECT_EQ(file.lines[1].attributes.at("windows-product-id"), "3305600123456");
  EXPECT_TRUE(file.ignored_columns.empty());
}

TEST(ReadImportFileTest, NamesTheRowOfAWrongHashOrProductId) {
  ASSERT_OK_AND_ASSIGN(const auto file,
                       ReadImportFile("Device Serial Number,Windows Product ID,Hardware Hash\n"
                                      "S1,,=1+1\n"
                                      "S2,,T0s=\n"
                                      "S3,33056,\n"
                                      "S4,,\n"
                                      ",," +
                                      Hash() + "\n"));
  std::string told;
  for (const auto& problem : file.problems) {
    told += std::to_string(problem.row) + ": " + problem.message + "\n";
  }
  EXPECT_EQ(told,
            "2: hardware hash is no base64: was the file edited in a spreadsheet?\n"
            "3: hardware hash has 2 bytes: it was cut off, or is none\n"
            "4: product id is not 13 digits, as on the box's label\n"
            "5: manufacturer is empty\n"
            "6: serial is empty\n");
}

}  // namespace
}  // namespace preseal::server::cli
