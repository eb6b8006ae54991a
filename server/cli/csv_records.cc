// SPDX-License-Identifier: Apache-2.0
#include "server/cli/csv_records.h"

#include <utility>

namespace preseal::server::cli {
namespace {

class Splitter {
 public:
  Splitter(std::string_view text, char separator) : text_(text), separator_(separator) {}

  std::vector<CsvRecord> Run() {
    std::vector<CsvRecord> records;
    while (at_ < text_.size()) {
      CsvRecord record;
      record.row = records.size() + 1;
      ReadRecord(&record);
      records.push_back(std::move(record));
    }
    return records;
  }

 private:
  bool AtLineEnd() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }

  void SkipLineEnd() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
  }

  void ReadRecord(CsvRecord* record) {
    while (true) {
      record->fields.push_back(at_ < text_.size() && text_[at_] == '"' ? ReadQuoted(record)
                                                                       : ReadBare(record));
      if (!record->problem.empty()) {
        while (!AtLineEnd()) ++at_;
      }
      if (AtLineEnd()) break;
      ++at_;  // the separator
    }
    SkipLineEnd();
  }

  std::string ReadBare(CsvRecord* record) {
    const size_t start = at_;
    while (!AtLineEnd() && text_[at_] != separator_) {
      if (text_[at_] == '"') record->problem = "a quote stands inside a field that is not quoted";
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  std::string ReadQuoted(CsvRecord* record) {
    const size_t start = at_++;
    std::string field;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != '"') {
        field += c;
      } else if (at_ < text_.size() && text_[at_] == '"') {
        field += '"';
        ++at_;
      } else if (AtLineEnd() || text_[at_] == separator_) {
        return field;
      } else if (field.find_first_of("\r\n") == std::string::npos) {
        record->problem = "text stands after a closing quote";
        return field;
      } else {
        break;  // the quote of a later row: this one was never closed
      }
    }
    // It swallowed rows that are not its own: give back all but its line.
    record->problem = "a quote is not closed";
    at_ = start;
    while (!AtLineEnd()) ++at_;
    return "";
  }

  std::string_view text_;
  char separator_;
  size_t at_ = 0;
};

}  // namespace

std::vector<CsvRecord> SplitCsv(std::string_view text, char separator) {
  return Splitter(text, separator).Run();
}

}  // namespace preseal::server::cli
