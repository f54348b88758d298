#include "config/expressions/expression_compiler.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "config/expressions/nodes.h"
#include "config/expressions/tokens.h"

namespace tasker::config {
namespace {

using Kind = ExpressionToken::Kind;
using NodeOr = absl::StatusOr<ExpressionNodePtr>;

// Reads tokens by recursive descent; as deep as kExpressionDepthMax.
class Parser {
 public:
  Parser(std::vector<ExpressionToken> tokens, const ExpressionNames* names)
      : tokens_(std::move(tokens)), names_(*names) {}

  NodeOr Parse() {
    NodeOr node = ReadOr();
    if (node.ok() && now().kind != Kind::kEnd) return Unexpected("an operator or the end");
    return node;
  }

 private:
  const ExpressionToken& now() const { return tokens_[place_]; }
  bool Is(std::string_view text) const {
    return (now().kind == Kind::kWord || now().kind == Kind::kSign) && now().text == text;
  }
  bool Take(std::string_view text) {
    if (!Is(text)) return false;
    ++place_;
    return true;
  }
  absl::Status Unexpected(std::string_view expected) const {
    const std::string found = now().kind == Kind::kEnd       ? "the end"
                              : now().kind == Kind::kLiteral ? now().value.dump()
                                                             : absl::StrCat("`", now().text, "`");
    std::string hint = now().text == "=" ? " (equality is `==`)" : "";
    return ExpressionError(
        now().column, absl::StrCat("expected ", std::string(expected), ", found ", found, hint));
  }

  NodeOr ReadOr() {
    if (++depth_ > kExpressionDepthMax) {
      return ExpressionError(now().column,
                             absl::StrCat("is nested deeper than ", kExpressionDepthMax));
    }
    NodeOr left = ReadAnd();
    while (left.ok() && Take("or")) {
      NodeOr right = ReadAnd();
      if (!right.ok()) return right;
      left = MakeLogic(false, *std::move(left), *std::move(right));
    }
    --depth_;
    return left;
  }

  NodeOr ReadAnd() {
    NodeOr left = ReadNot();
    while (left.ok() && Take("and")) {
      NodeOr right = ReadNot();
      if (!right.ok()) return right;
      left = MakeLogic(true, *std::move(left), *std::move(right));
    }
    return left;
  }

  NodeOr ReadNot() {
    bool negated = false;
    while (Take("not")) negated = !negated;
    NodeOr operand = ReadComparison();
    if (!operand.ok() || !negated) return operand;
    return MakeNot(*std::move(operand));
  }

  NodeOr ReadComparison() {
    constexpr std::array<std::pair<std::string_view, ComparisonSign>, 6> kSigns = {
        {{"==", ComparisonSign::kEqual},
         {"!=", ComparisonSign::kUnequal},
         {"<=", ComparisonSign::kLessEqual},
         {">=", ComparisonSign::kMoreEqual},
         {"<", ComparisonSign::kLess},
         {">", ComparisonSign::kMore}}};
    NodeOr left = ReadOperand();
    if (!left.ok()) return left;
    for (const auto& [text, sign] : kSigns) {
      if (!Take(text)) continue;
      NodeOr right = ReadOperand();
      if (!right.ok()) return right;
      return MakeComparison(sign, *std::move(left), *std::move(right));
    }
    const bool negated = Is("not") && tokens_[place_ + 1].text == "in";
    if (negated) ++place_;
    if (!Take("in")) return left;
    NodeOr right = ReadOperand();
    if (!right.ok()) return right;
    ExpressionNodePtr in = MakeIn(*std::move(left), *std::move(right));
    return negated ? MakeNot(std::move(in)) : std::move(in);
  }

  NodeOr ReadOperand() {
    if (now().kind == Kind::kLiteral) return MakeLiteral(tokens_[place_++].value);
    if (Take("(")) {
      NodeOr inner = ReadOr();
      if (inner.ok() && !Take(")")) return Unexpected("`)`");
      return inner;
    }
    if (Take("[")) return ReadList();
    if (Take("true")) return MakeLiteral(true);
    if (Take("false")) return MakeLiteral(false);
    if (Take("null")) return MakeLiteral(nullptr);
    if (Take("length")) return ReadCall(MakeLength);
    if (Take("exists")) return ReadCall(MakeExists);
    if (Take("context")) return ReadPath(PathRoot::kContext, engine::StepIndex{});
    if (Is("item")) {
      if (!names_.has_item) {
        return ExpressionError(now().column, "there is an `item` only in a `for_each` step");
      }
      ++place_;
      return ReadPath(PathRoot::kItem, engine::StepIndex{});
    }
    if (Take("steps")) return ReadStepPath();
    return Unexpected("a value: `context`, `steps.NAME.results`, `item`, a literal or `(`");
  }

  NodeOr ReadList() {
    std::vector<ExpressionNodePtr> elements;
    while (!Take("]")) {
      if (!elements.empty() && !Take(",")) return Unexpected("`,` or `]`");
      NodeOr element = ReadOr();
      if (!element.ok()) return element;
      elements.push_back(*std::move(element));
    }
    return MakeList(std::move(elements));
  }

  NodeOr ReadCall(ExpressionNodePtr (*make)(ExpressionNodePtr)) {
    if (!Take("(")) return Unexpected("`(`");
    NodeOr operand = ReadOr();
    if (!operand.ok()) return operand;
    if (!Take(")")) return Unexpected("`)`");
    return make(*std::move(operand));
  }

  NodeOr ReadStepPath() {
    const std::size_t column = now().column;
    absl::StatusOr<std::optional<PathPart>> name = ReadPart();
    if (!name.ok()) return name.status();
    if (!*name || !std::holds_alternative<std::string>(**name)) {
      return ExpressionError(column, "expected a step, as in `steps.NAME.results`");
    }
    const absl::StatusOr<engine::StepIndex> step = names_.find_step(std::get<std::string>(**name));
    if (!step.ok()) return ExpressionError(column, std::string(step.status().message()));
    if (!Take(".") || !Take("results")) return Unexpected("`.results`");
    return ReadPath(PathRoot::kResults, *step);
  }

  NodeOr ReadPath(PathRoot root, engine::StepIndex step) {
    std::vector<PathPart> parts;
    while (true) {
      absl::StatusOr<std::optional<PathPart>> part = ReadPart();
      if (!part.ok()) return part.status();
      if (!*part) return MakePath(root, step, std::move(parts));
      parts.push_back(**std::move(part));
    }
  }

  // `.key`, `["key"]` or `[0]`; nullopt if there is none.
  absl::StatusOr<std::optional<PathPart>> ReadPart() {
    if (Take(".")) {
      if (now().kind != Kind::kWord) return Unexpected("a key");
      return PathPart(tokens_[place_++].text);
    }
    if (!Take("[")) return std::nullopt;
    const ExpressionToken& inner = now();
    if (inner.kind != Kind::kLiteral ||
        !(inner.value.is_string() || inner.value.is_number_integer())) {
      return Unexpected("a key in quotes or a whole number");
    }
    ++place_;
    if (!Take("]")) return Unexpected("`]`");
    if (inner.value.is_string()) return PathPart(inner.value.get<std::string>());
    return PathPart(inner.value.get<std::int64_t>());
  }

  const std::vector<ExpressionToken> tokens_;
  const ExpressionNames& names_;
  std::size_t place_ = 0;
  int depth_ = 0;
};

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
    ExpressionRoots roots(scope);
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
  if (text.size() > kExpressionBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        text.size(), " bytes are over an expression's limit of ", kExpressionBytesMax));
  }
  const bool may_quote = shown.empty() || shown == text;
  NodeOr node = nullptr;
  absl::StatusOr<std::vector<ExpressionToken>> tokens = SplitExpression(text);
  if (tokens.ok()) {
    node = Parser(*std::move(tokens), &names).Parse();
  } else {
    node = tokens.status();
  }
  if (!node.ok()) {
    if (may_quote) return node.status();
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
