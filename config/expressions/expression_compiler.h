// The expressions of templates: conditions, arrays to go through, moments.
//
//   context.amount > 100 and context.kind in ['a', 'b']
//   not exists(steps.check.results.refused) or length(context.items) == 0
//
// Values are JSON. Paths begin with `context`, `steps.NAME.results` or `item`, and go on by `.key`,
// `["odd key"]` or `[0]`; a path to what is not there is null. Operators, the loosest first: `or`
// (`||`), `and` (`&&`), `not` (`!`), then `== != < <= > >= in`, `not in`. Functions: length(x) of a
// string, list or object; exists(path). There is nothing else.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

#include "engine/model/expression.h"

namespace tasker::config {

// What an expression may name.
struct ExpressionNames {
  // The step of that name. Error: why it may not be named, or that there is none.
  std::function<absl::StatusOr<engine::StepIndex>(std::string_view name)> find_step;
  // Whether there is an `item`.
  bool has_item = false;
  // Not empty: paths begin with one of these names instead of `context`, `steps` and `item`; see
  // field_condition.h.
  std::span<const std::string_view> fields;
};

inline constexpr std::size_t kExpressionBytesMax = 4096;
// Parentheses, lists and negations within each other.
inline constexpr int kExpressionDepthMax = 64;

// Compiles `text`. Where variables were filled into it, `shown` is what people get to see instead,
// also in messages. Error: INVALID_ARGUMENT: what is wrong at which column, and what would be
// right. Thread-safe; never throws.
absl::StatusOr<engine::ExpressionPtr> CompileExpression(std::string_view text,
                                                        const ExpressionNames& names,
                                                        std::string_view shown = {});

// An expression whose value is the text itself; `shown` as above.
engine::ExpressionPtr TextExpression(std::string_view text, std::string_view shown = {});

}  // namespace tasker::config
