// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/json_codec.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "common/base/limits.h"

namespace preseal::server::http {
namespace {

constexpr char kTypePrefix[] = "type.googleapis.com";

// Protobuf's parser takes unquoted keys, trailing commas and duplicate keys, where the last wins
// here and the first elsewhere; a reader in front of us may have seen something else than we do.
class StrictChecker final : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& problem() const { return problem_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool key(string_t& name) override {
    if (levels_.back().insert(name).second) return true;
    problem_ = fmt::format("key '{}' appears twice", name);
    return false;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    problem_ = fmt::format("malformed at byte {}", position);
    return false;
  }

 private:
  bool Enter() {
    levels_.emplace_back();
    if (levels_.size() <= static_cast<size_t>(kJsonDepthMax)) return true;
    problem_ = fmt::format("more than {} levels deep", kJsonDepthMax);
    return false;
  }
  bool Leave() {
    levels_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> levels_;  // keys seen in each open object
  std::string problem_;
};

Status CheckStrictly(std::string_view json) {
  StrictChecker checker;
  if (nlohmann::json::sax_parse(json.begin(), json.end(), &checker)) return OkStatus();
  return InvalidArgument("JSON body: " + checker.problem());
}

}  // namespace

struct JsonCodec::Impl {
  std::unique_ptr<google::protobuf::util::TypeResolver> types{
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kTypePrefix, google::protobuf::DescriptorPool::generated_pool())};
};

JsonCodec::JsonCodec() : impl_(std::make_unique<Impl>()) {}
JsonCodec::~JsonCodec() = default;

StatusOr<std::string> JsonCodec::ToBinary(const std::string& message_type,
                                          std::string_view json) const {
  if (json.empty()) return std::string();
  RETURN_IF_ERROR(CheckStrictly(json));
  google::protobuf::io::ArrayInputStream input(json.data(), static_cast<int>(json.size()));
  std::string binary;
  google::protobuf::io::StringOutputStream output(&binary);
  const auto status = google::protobuf::util::JsonToBinaryStream(
      impl_->types.get(), fmt::format("{}/{}", kTypePrefix, message_type), &input, &output,
      google::protobuf::util::JsonParseOptions());
  if (!status.ok()) {
    const auto message = status.message();
    return InvalidArgument(
        fmt::format("JSON body: {}", std::string_view(message.data(), message.size())));
  }
  return binary;
}

StatusOr<std::string> JsonCodec::ToJson(const std::string& message_type,
                                        std::string_view binary) const {
  google::protobuf::io::ArrayInputStream input(binary.data(), static_cast<int>(binary.size()));
  std::string json;
  google::protobuf::io::StringOutputStream output(&json);
  const auto status = google::protobuf::util::BinaryToJsonStream(
      impl_->types.get(), fmt::format("{}/{}", kTypePrefix, message_type), &input, &output,
      google::protobuf::util::JsonPrintOptions());
  if (!status.ok()) return Internal("response does not convert to JSON");
  return json;
}

}  // namespace preseal::server::http
