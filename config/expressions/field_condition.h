// Conditions over named values, in the language of expression_compiler.h: where a template's
// expression begins a path with `context`, these begin it with the name of a field.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

#include "config/expressions/nodes.h"

namespace tasker::config {

// The values that a condition is tested on.
class FieldValues {
 public:
  virtual ~FieldValues() = default;
  // Of the field at that place in the list that the condition was compiled with. Never a null
  // pointer. May be asked for several times in one test. Error: INVALID_ARGUMENT: it cannot be
  // read.
  virtual absl::StatusOr<ExpressionValue> Field(std::size_t field) = 0;
};

// Immutable, cheap to copy, safe to use from several threads.
class FieldCondition {
 public:
  // Error: INVALID_ARGUMENT: what is wrong at which column, and what would be right.
  static absl::StatusOr<FieldCondition> Compile(std::string_view text,
                                                std::span<const std::string_view> fields);

  // Whether it holds; null does not. Error: INVALID_ARGUMENT: it compares what cannot be compared,
  // or its value is no condition; the message says which part.
  absl::StatusOr<bool> Test(FieldValues& values) const;

 private:
  explicit FieldCondition(ExpressionNodePtr node) : node_(std::move(node)) {}

  std::shared_ptr<const ExpressionNode> node_;
};

}  // namespace tasker::config
