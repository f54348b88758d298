// What a template may compute from a task's data. The engine passes JSON on unread; where a
// template wants it looked into, config/ supplies the eyes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "engine/model/time.h"

namespace tasker::engine {

// What an expression may look at. Views are valid while the expression is evaluated.
class ExpressionScope {
 public:
  virtual ~ExpressionScope() = default;

  // The task's context: a JSON object.
  virtual std::string_view Context() const = 0;
  // JSON results of a step that is done; empty if it is not, or gave none.
  virtual std::string_view ResultsOf(StepIndex step) const = 0;
  // In a `for_each` step's items: the item as JSON; else empty.
  virtual std::string_view Item() const = 0;
};

// A compiled expression. Immutable, safe to use from any thread, and pure: the same scope gives the
// same value.
//
// Errors of all: INVALID_ARGUMENT: the value is not of the kind asked for, or the expression
// compares what cannot be compared; the message says which part, for a person. A path to what is
// not there is null, and no error.
class Expression {
 public:
  virtual ~Expression() = default;

  // The value as a condition: only a boolean or null (which is false) is one.
  virtual absl::StatusOr<bool> Test(const ExpressionScope& scope) const = 0;
  // The value as JSON.
  virtual absl::StatusOr<std::string> Json(const ExpressionScope& scope) const = 0;
  // The elements of the value, an array, each as JSON.
  virtual absl::StatusOr<std::vector<std::string>> Elements(const ExpressionScope& scope) const = 0;
  // The value, an array of strings.
  virtual absl::StatusOr<std::vector<std::string>> Names(const ExpressionScope& scope) const = 0;
  // The value as a moment: a string in RFC 3339, or a number of seconds since the Unix epoch.
  virtual absl::StatusOr<Timestamp> Moment(const ExpressionScope& scope) const = 0;

  // As it stands in the template.
  virtual std::string_view text() const = 0;
};

using ExpressionPtr = std::shared_ptr<const Expression>;

}  // namespace tasker::engine
