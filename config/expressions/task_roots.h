// What the expressions of templates look at.
#pragma once

#include <map>

#include "absl/status/statusor.h"

#include "config/expressions/nodes.h"
#include "engine/model/expression.h"

namespace tasker::config {

// A task's documents for one evaluation, each parsed when it is first looked at.
class TaskRoots final : public ExpressionRoots {
 public:
  // `scope` must outlive it.
  explicit TaskRoots(const engine::ExpressionScope& scope) : scope_(scope) {}

  absl::StatusOr<ExpressionValue> Of(const PathRoot& root) override;

 private:
  const engine::ExpressionScope& scope_;
  ExpressionValue context_;
  ExpressionValue item_;
  std::map<std::uint32_t, ExpressionValue> results_;
};

}  // namespace tasker::config
