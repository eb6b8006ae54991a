// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/call_metadata.h"

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::server::http {
namespace {

using std::chrono::nanoseconds;
using test::StatusIs;
using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

Request WithHeader(std::string name, std::string value) {
  Request request;
  request.headers.push_back({std::move(name), std::move(value)});
  return request;
}

Metadata Of(const Request& request) {
  const auto metadata = RequestMetadata(request);
  EXPECT_OK(metadata);
  return metadata.ok() ? *metadata : Metadata();
}

TEST(RequestMetadataTest, FindsSessionAmongCookies) {
  for (const char* cookies : {"__Host-preseal=tok", "a=b; __Host-preseal=tok; c=d",
                              "a=b;__Host-preseal=tok", "x__Host-preseal=no; __Host-preseal=tok"}) {
    EXPECT_THAT(Of(WithHeader("cookie", cookies)), Contains(Pair("authorization", "Bearer tok")))
        << cookies;
  }
}

TEST(RequestMetadataTest, FindsSessionInSecondCookieHeader) {
  Request request = WithHeader("cookie", "a=b");
  request.headers.push_back({"cookie", "__Host-preseal=tok"});
  EXPECT_THAT(Of(request), Contains(Pair("authorization", "Bearer tok")));
}

TEST(RequestMetadataTest, TakesMalformedCookieForNone) {
  for (const char* cookies : {"__Host-preseal=", "__Host-preseal=a b", "__Host-preseal=\"tok\"",
                              "__Host-preseal", "preseal=tok", ";;=;"}) {
    EXPECT_THAT(Of(WithHeader("cookie", cookies)), Not(Contains(Key("authorization")))) << cookies;
  }
}

TEST(RequestMetadataTest, RefusesOversizedValue) {
  const std::string value(kMetadataValueBytesMax + 1, 'a');
  EXPECT_THAT(RequestMetadata(WithHeader("authorization", value)),
              StatusIs(StatusCode::kInvalidArgument, "authorization"));
}

TEST(RequestMetadataTest, RefusesControlCharacters) {
  EXPECT_THAT(RequestMetadata(WithHeader("traceparent", "a\tb")),
              StatusIs(StatusCode::kInvalidArgument, "traceparent"));
}

TEST(RequestTimeoutTest, ReadsEveryUnit) {
  const std::pair<const char*, nanoseconds> rows[] = {
      {"2H", std::chrono::hours(2)},        {"3M", std::chrono::minutes(3)},
      {"4S", std::chrono::seconds(4)},      {"5m", std::chrono::milliseconds(5)},
      {"6u", std::chrono::microseconds(6)}, {"7n", nanoseconds(7)},
      {"99999999H", kGatewayDeadlineMax},
  };
  for (const auto& [text, expected] : rows) {
    const auto timeout = RequestTimeout(WithHeader("grpc-timeout", text));
    ASSERT_OK(timeout);
    EXPECT_EQ(*timeout, expected) << text;
  }
}

TEST(RequestTimeoutTest, RefusesMalformed) {
  for (const char* text : {"", "5", "m", "-1m", "1.5S", "12345678901n", " 1S"}) {
    EXPECT_THAT(RequestTimeout(WithHeader("grpc-timeout", text)),
                StatusIs(StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(RequestTimeoutTest, IsAbsentWhereNotAsked) {
  const auto timeout = RequestTimeout(Request());
  ASSERT_OK(timeout);
  EXPECT_EQ(*timeout, std::nullopt);
}

TEST(ToHeaderTest, DropsWhatIsNotForClients) {
  EXPECT_EQ(ToHeader("grpc-status", "0"), std::nullopt);
  EXPECT_EQ(ToHeader("x-note", "a\r\nset-cookie: b"), std::nullopt);
  ASSERT_NE(ToHeader("x-data-bin", std::string_view("\0\1", 2)), std::nullopt);
  EXPECT_EQ(ToHeader("x-data-bin", std::string_view("\0\1", 2))->value, "AAE");
}

}  // namespace
}  // namespace preseal::server::http
