// The words of an expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include <nlohmann/json.hpp>

namespace tasker::config {

using ExpressionJson = nlohmann::ordered_json;

struct ExpressionToken {
  enum class Kind : std::uint8_t {
    // A name or keyword; `text` is it.
    kWord,
    // A number or quoted string; `value` is it.
    kLiteral,
    // An operator or bracket, `&&`, `||` and `!` as `and`, `or` and `not`; `text` is it.
    kSign,
    kEnd,
  };

  Kind kind = Kind::kEnd;
  std::string text;
  ExpressionJson value;
  // From 1.
  std::size_t column = 1;
};

// Splits `text`; the last token is kEnd. Error: INVALID_ARGUMENT with the column.
absl::StatusOr<std::vector<ExpressionToken>> SplitExpression(std::string_view text);

// An error at a column of an expression.
absl::Status ExpressionError(std::size_t column, std::string_view what);

}  // namespace tasker::config
