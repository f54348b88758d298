#include "service/payloads/json_check.h"

#include <gtest/gtest.h>

namespace tasker::service {
namespace {

TEST(CheckJson, TakesAnyValueOrObjectsOnly) {
  for (const char* text :
       {"{}", "[]", "1", "\"\xc3\xa9\"", "null", R"({"a":18446744073709551615})"}) {
    EXPECT_TRUE(CheckJson(text, JsonKind::kAny, 100, "x").ok()) << text;
  }
  EXPECT_TRUE(CheckJson("{}", JsonKind::kObject, 100, "x").ok());
  EXPECT_EQ(CheckJson("[]", JsonKind::kObject, 100, "context").message(),
            "context: must be a JSON object");
}

TEST(CheckJson, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "{}x", "{\"a\":}", "\"\xff\"", "NaN", "{'a':1}"}) {
    EXPECT_EQ(CheckJson(text, JsonKind::kAny, 100, "x").code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(CheckJson, RefusesWhatIsTooDeepOrTooLong) {
  EXPECT_FALSE(CheckJson(std::string(100'000, '['), JsonKind::kAny, 1 << 20, "x").ok());
  const absl::Status too_long = CheckJson("\"12345\"", JsonKind::kAny, 6, "results");
  EXPECT_EQ(too_long.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(too_long.message(), "results: 7 bytes are over the limit of 6 bytes");
}

}  // namespace
}  // namespace tasker::service
