#include "config/expressions/expression_compiler.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "config/expressions/expression_parser.h"
#include "config/expressions/nodes.h"
#include "config/expressions/task_roots.h"

namespace tasker::config {
namespace {

class CompiledExpression final : public engine::Expression {
 public:
  CompiledExpression(std::string text, bool may_quote, ExpressionNodePtr node)
      : text_(std::move(text)), may_quote_(may_quote), node_(std::move(node)) {}

  absl::StatusOr<bool> Test(const engine::ExpressionScope& scope) const override {
    const absl::StatusOr<ExpressionValue> value = Evaluate(scope);
    if (!value.ok()) return value.status();
    return AsCondition(**value);
  }

  absl::StatusOr<std::string> Json(const engine::ExpressionScope& scope) const override {
    const absl::StatusOr<ExpressionValue> value = Evaluate(scope);
    if (!value.ok()) return value.status();
    return Dump(**value);
  }

  absl::StatusOr<std::vector<std::string>> Elements(
      const engine::ExpressionScope& scope) const override {
    const absl::StatusOr<ExpressionValue> value = Evaluate(scope);
    if (!value.ok()) return value.status();
    if (!(*value)->is_array()) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", text_, "` must be an array, is ", (*value)->type_name()));
    }
    std::vector<std::string> elements;
    elements.reserve((*value)->size());
    for (const ExpressionJson& element : **value) elements.push_back(Dump(element));
    return elements;
  }

  absl::StatusOr<std::vector<std::string>> Names(
      const engine::ExpressionScope& scope) const override {
    const absl::StatusOr<ExpressionValue> value = Evaluate(scope);
    if (!value.ok()) return value.status();
    std::vector<std::string> names;
    if ((*value)->is_array()) {
      for (const ExpressionJson& name : **value) {
        if (name.is_string()) names.push_back(name.get<std::string>());
      }
    }
    if (!(*value)->is_array() || names.size() != (*value)->size()) {
      return absl::InvalidArgumentError(absl::StrCat("`", text_, "` must be an array of strings"));
    }
    return names;
  }

  absl::StatusOr<engine::Timestamp> Moment(const engine::ExpressionScope& scope) const override {
    const absl::StatusOr<ExpressionValue> value = Evaluate(scope);
    if (!value.ok()) return value.status();
    absl::Time time = absl::InfiniteFuture();
    if ((*value)->is_number()) {
      time = absl::UnixEpoch() + absl::Seconds((*value)->get<double>());
    } else if ((*value)->is_string()) {
      std::string why;
      if (!absl::ParseTime(absl::RFC3339_full, (*value)->get<std::string>(), &time, &why)) {
        time = absl::InfiniteFuture();
      }
    }
    // Beyond this, microseconds would not fit.
    if (time <= absl::UnixEpoch() || time >= absl::FromUnixSeconds(1LL << 42)) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", text_,
                       "` must be a time as in 2026-01-31T12:00:00Z, or seconds since "
                       "1970",
                       may_quote_ ? ", is " + Dump(**value) : std::string()));
    }
    return engine::Timestamp(engine::Duration(absl::ToUnixMicros(time)));
  }

  std::string_view text() const override { return text_; }

 private:
  absl::StatusOr<ExpressionValue> Evaluate(const engine::ExpressionScope& scope) const {
    TaskRoots roots(scope);
    absl::StatusOr<ExpressionValue> value = node_->Evaluate(roots);
    if (!value.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", text_, "`: ", std::string(value.status().message())));
    }
    return value;
  }

  static std::string Dump(const ExpressionJson& json) {
    return json.dump(-1, ' ', false, ExpressionJson::error_handler_t::replace);
  }

  const std::string text_;
  // Whether its values may stand in messages: not where variables were filled in.
  const bool may_quote_;
  const ExpressionNodePtr node_;
};

}  // namespace

absl::StatusOr<engine::ExpressionPtr> CompileExpression(std::string_view text,
                                                        const ExpressionNames& names,
                                                        std::string_view shown) {
  const bool may_quote = shown.empty() || shown == text;
  absl::StatusOr<ExpressionNodePtr> node = ParseExpression(text, names);
  if (!node.ok()) {
    if (may_quote || text.size() > kExpressionBytesMax) return node.status();
    return absl::InvalidArgumentError(absl::StrCat(
        "`", std::string(shown), "` is no expression once its variables are filled in"));
  }
  return std::make_shared<CompiledExpression>(std::string(may_quote ? text : shown), may_quote,
                                              *std::move(node));
}

engine::ExpressionPtr TextExpression(std::string_view text, std::string_view shown) {
  const bool may_quote = shown.empty() || shown == text;
  return std::make_shared<CompiledExpression>(std::string(may_quote ? text : shown), may_quote,
                                              MakeLiteral(std::string(text)));
}

}  // namespace tasker::config
