// SPDX-License-Identifier: Apache-2.0
// For tests of the codecs: messages filled field by field through reflection, so that a field that
// was added to a proto and forgotten in a codec is found.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>
#include <vector>

namespace preseal::agent::test_wire {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Where a value of one field sits: its message within `root`, the field, and its printed path.
struct Place {
  std::function<Message*(Message* root)> owner;
  const FieldDescriptor* field;
  std::string path;  // "steps.file.path"
};

// Gives every singular and one-element repeated field below `message` a value other than its
// default. Of each oneof the first member not in `used` is taken.
inline void SetScalar(Message* message, const FieldDescriptor* field, int seed) {
  const Reflection* reflection = message->GetReflection();
  const bool repeated = field->is_repeated();
  const std::string text = "v" + std::to_string(seed);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? reflection->AddInt32(message, field, seed)
                      : reflection->SetInt32(message, field, seed);
    case FieldDescriptor::CPPTYPE_INT64:
      return repeated ? reflection->AddInt64(message, field, seed)
                      : reflection->SetInt64(message, field, seed);
    case FieldDescriptor::CPPTYPE_UINT32:
      return repeated ? reflection->AddUInt32(message, field, static_cast<uint32_t>(seed))
                      : reflection->SetUInt32(message, field, static_cast<uint32_t>(seed));
    case FieldDescriptor::CPPTYPE_UINT64:
      return repeated ? reflection->AddUInt64(message, field, static_cast<uint64_t>(seed))
                      : reflection->SetUInt64(message, field, static_cast<uint64_t>(seed));
    case FieldDescriptor::CPPTYPE_BOOL:
      return repeated ? reflection->AddBool(message, field, true)
                      : reflection->SetBool(message, field, true);
    case FieldDescriptor::CPPTYPE_ENUM:
      return repeated ? reflection->AddEnumValue(message, field, 2)
                      : reflection->SetEnumValue(message, field, 2);
    case FieldDescriptor::CPPTYPE_STRING:
      return repeated ? reflection->AddString(message, field, text)
                      : reflection->SetString(message, field, text);
    default:
      return;
  }
}

// Fills `message`. `choose(oneof, members)` gives the index of the member to set.
using Choose = std::function<int(const google::protobuf::OneofDescriptor*)>;
inline void Fill(Message* message, const Choose& choose, int* seed) {
  const auto* descriptor = message->GetDescriptor();
  const Reflection* reflection = message->GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    const auto* oneof = field->real_containing_oneof();
    if (oneof != nullptr && oneof->field(choose(oneof)) != field) continue;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      SetScalar(message, field, ++*seed);
    } else if (field->is_repeated()) {
      Fill(reflection->AddMessage(message, field), choose, seed);
    } else if (field->message_type()->full_name() == "google.protobuf.Duration" ||
               field->message_type()->full_name() == "google.protobuf.Timestamp") {
      Message* time = reflection->MutableMessage(message, field);
      SetScalar(time, time->GetDescriptor()->FindFieldByName("seconds"), ++*seed);
    } else {
      Fill(reflection->MutableMessage(message, field), choose, seed);
    }
  }
}

// Every set leaf field below `message`, once; `owner` finds its message in a copy of the root.
inline void Collect(const Message& message, const std::function<Message*(Message*)>& owner,
                    const std::string& prefix, std::vector<Place>* places) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = prefix + field->name();
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map() ||
        field->message_type()->full_name().starts_with("google.protobuf.") ||
        field->message_type()->field_count() == 0) {
      places->push_back({owner, field, path});
      continue;
    }
    const bool repeated = field->is_repeated();
    const auto below = [owner, field, repeated](Message* root) {
      Message* at = owner(root);
      return repeated ? at->GetReflection()->MutableRepeatedMessage(at, field, 0)
                      : at->GetReflection()->MutableMessage(at, field);
    };
    const Message& inner = repeated ? message.GetReflection()->GetRepeatedMessage(message, field, 0)
                                    : message.GetReflection()->GetMessage(message, field);
    Collect(inner, below, path + ".", places);
  }
}

inline std::vector<Place> LeavesOf(const Message& message) {
  std::vector<Place> places;
  Collect(
      message, [](Message* root) { return root; }, "", &places);
  return places;
}

// A copy of `message` without the field at `place`.
template <typename M>
M Without(const M& message, const Place& place) {
  M copy = message;
  Message* owner = place.owner(&copy);
  owner->GetReflection()->ClearField(owner, place.field);
  return copy;
}

// Paths of the leaves whose absence `read` does not notice: what the codec forgot.
template <typename M>
std::vector<std::string> Unread(const M& message, const std::function<bool(const M&)>& differs) {
  std::vector<std::string> unread;
  for (const Place& place : LeavesOf(message)) {
    if (!differs(Without(message, place))) unread.push_back(place.path);
  }
  return unread;
}

}  // namespace preseal::agent::test_wire
