// SPDX-License-Identifier: Apache-2.0
#include "common/sql/statement.h"

#include <cstdlib>

namespace preseal::sql {
namespace {

void SetBlob(std::string_view bytes, Statement::Slot* slot) {
  if (bytes.empty()) {
    // SOCI binds a blob without buffer as NULL; one byte cut off again leaves an empty buffer.
    slot->blob->write(0, "", 1);
    slot->blob->trim(0);
    return;
  }
  if (slot->blob->get_len() > bytes.size()) slot->blob->trim(0);
  slot->blob->write(0, bytes.data(), bytes.size());
}

void SetSlot(const Param& param, Statement::Slot* slot) {
  slot->indicator = param.null() ? soci::i_null : soci::i_ok;
  if (param.null()) return;
  switch (param.type()) {
    case Type::kInteger:
      slot->integer = param.integer();
      return;
    case Type::kText:
      slot->text.assign(param.text());
      return;
    case Type::kBlob:
      SetBlob(param.text(), slot);
      return;
  }
}

void AddUse(Statement::Slot* slot, soci::statement* statement) {
  switch (slot->type) {
    case Type::kInteger:
      statement->exchange(soci::use(slot->integer, slot->indicator));
      return;
    case Type::kText:
      statement->exchange(soci::use(slot->text, slot->indicator));
      return;
    case Type::kBlob:
      statement->exchange(soci::use(*slot->blob, slot->indicator));
      return;
  }
}

void AddInto(Statement::Slot* slot, soci::statement* statement) {
  switch (slot->type) {
    case Type::kInteger:
      statement->exchange(soci::into(slot->integer, slot->indicator));
      return;
    case Type::kText:
      statement->exchange(soci::into(slot->text, slot->indicator));
      return;
    case Type::kBlob:
      statement->exchange(soci::into(*slot->blob, slot->indicator));
      return;
  }
}

}  // namespace

Statement::Slot::Slot(soci::session& session, Type slot_type) : type(slot_type) {
  if (type == Type::kBlob) blob = std::make_unique<soci::blob>(session);
}

Statement::Statement(soci::session& session, const Sql& sql, Params params) : statement_(session) {
  for (const Param& param : params) {
    params_.push_back(std::make_unique<Slot>(session, param.type()));
    AddUse(params_.back().get(), &statement_);
  }
  for (const char type : std::string_view(sql.columns)) {
    columns_.push_back(std::make_unique<Slot>(session, static_cast<Type>(type)));
    AddInto(columns_.back().get(), &statement_);
  }
  statement_.alloc();
  statement_.prepare(sql.text);
  statement_.define_and_bind();
}

Status Statement::Bind(Params params) {
  if (params.size() != params_.size()) return Internal("wrong number of parameters");
  auto slot = params_.begin();
  for (const Param& param : params) {
    if (param.type() != (*slot)->type) return Internal("parameter of another type than before");
    SetSlot(param, slot->get());
    ++slot;
  }
  return OkStatus();
}

bool Statement::Execute() { return statement_.execute(true) && !columns_.empty(); }

bool Statement::Fetch() { return statement_.fetch(); }

const Statement::Slot& Statement::column(size_t index, Type type) const {
  // A reader that does not fit its statement would hand out another column's value.
  if (index >= columns_.size() || columns_[index]->type != type) std::abort();
  return *columns_[index];
}

int64_t Row::Integer() {
  const auto& slot = statement_.column(column_++, Type::kInteger);
  return slot.indicator == soci::i_null ? 0 : slot.integer;
}

std::optional<int64_t> Row::OptionalInteger() {
  const auto& slot = statement_.column(column_++, Type::kInteger);
  if (slot.indicator == soci::i_null) return std::nullopt;
  return slot.integer;
}

std::optional<WallTime> Row::OptionalTime() {
  const auto micros = OptionalInteger();
  if (!micros) return std::nullopt;
  return FromMicros(*micros);
}

std::string Row::Text() {
  const auto& slot = statement_.column(column_++, Type::kText);
  return slot.indicator == soci::i_null ? std::string() : slot.text;
}

Bytes Row::Blob() {
  const auto& slot = statement_.column(column_++, Type::kBlob);
  if (slot.indicator == soci::i_null || slot.blob->get_len() == 0) return {};
  Bytes bytes(slot.blob->get_len());
  slot.blob->read(0, reinterpret_cast<char*>(bytes.data()), bytes.size());
  return bytes;
}

}  // namespace preseal::sql
