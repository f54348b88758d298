// A compiled expression as a tree, and how its parts get their values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

#include "config/expressions/tokens.h"

namespace tasker::config {

// Shared, since a path's value is a part of a document that may be megabytes.
using ExpressionValue = std::shared_ptr<const ExpressionJson>;

// What a path begins with: a document of a task, or a field that the caller names.
struct PathRoot {
  enum class Kind : std::uint8_t { kContext, kResults, kItem, kField };

  Kind kind = Kind::kContext;
  // Which step's results, or which field.
  std::uint32_t number = 0;
};

// What the paths of one evaluation begin with.
class ExpressionRoots {
 public:
  virtual ~ExpressionRoots() = default;
  // Never a null pointer. Error: INVALID_ARGUMENT: it cannot be read.
  virtual absl::StatusOr<ExpressionValue> Of(const PathRoot& root) = 0;
};

class ExpressionNode {
 public:
  virtual ~ExpressionNode() = default;
  // Error: INVALID_ARGUMENT: which part cannot be worked out, and why.
  virtual absl::StatusOr<ExpressionValue> Evaluate(ExpressionRoots& roots) const = 0;
};

using ExpressionNodePtr = std::unique_ptr<const ExpressionNode>;

enum class ComparisonSign : std::uint8_t { kEqual, kUnequal, kLess, kLessEqual, kMore, kMoreEqual };

// A key or a place in a list.
using PathPart = std::variant<std::string, std::int64_t>;

ExpressionNodePtr MakeLiteral(ExpressionJson value);
ExpressionNodePtr MakeList(std::vector<ExpressionNodePtr> elements);
ExpressionNodePtr MakePath(PathRoot root, std::vector<PathPart> parts);
ExpressionNodePtr MakeComparison(ComparisonSign sign, ExpressionNodePtr left,
                                 ExpressionNodePtr right);
ExpressionNodePtr MakeIn(ExpressionNodePtr element, ExpressionNodePtr all);
// `and`, or `or`: the right side is looked at only if the left does not decide.
ExpressionNodePtr MakeLogic(bool is_and, ExpressionNodePtr left, ExpressionNodePtr right);
ExpressionNodePtr MakeNot(ExpressionNodePtr operand);
ExpressionNodePtr MakeLength(ExpressionNodePtr operand);
ExpressionNodePtr MakeExists(ExpressionNodePtr operand);

// Whether a value holds as a condition. Error: it is neither a boolean nor null.
absl::StatusOr<bool> AsCondition(const ExpressionJson& value);

}  // namespace tasker::config
