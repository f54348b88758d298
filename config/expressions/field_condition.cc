#include "config/expressions/field_condition.h"

#include <utility>

#include "config/expressions/expression_parser.h"

namespace tasker::config {
namespace {

class FieldRoots final : public ExpressionRoots {
 public:
  explicit FieldRoots(FieldValues& values) : values_(values) {}
  absl::StatusOr<ExpressionValue> Of(const PathRoot& root) override {
    return values_.Field(root.number);
  }

 private:
  FieldValues& values_;
};

}  // namespace

absl::StatusOr<FieldCondition> FieldCondition::Compile(std::string_view text,
                                                       std::span<const std::string_view> fields) {
  ExpressionNames names;
  names.fields = fields;
  absl::StatusOr<ExpressionNodePtr> node = ParseExpression(text, names);
  if (!node.ok()) return node.status();
  return FieldCondition(*std::move(node));
}

absl::StatusOr<bool> FieldCondition::Test(FieldValues& values) const {
  FieldRoots roots(values);
  const absl::StatusOr<ExpressionValue> value = node_->Evaluate(roots);
  if (!value.ok()) return value.status();
  return AsCondition(**value);
}

}  // namespace tasker::config
