// From the text of an expression to its tree.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

#include "config/expressions/expression_compiler.h"
#include "config/expressions/nodes.h"

namespace tasker::config {

// Error: INVALID_ARGUMENT: too long, or what is wrong at which column and what would be right.
absl::StatusOr<ExpressionNodePtr> ParseExpression(std::string_view text,
                                                  const ExpressionNames& names);

}  // namespace tasker::config
