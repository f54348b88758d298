#include "config/expressions/expression_parser.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

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
    if (!names_.fields.empty()) return ReadFieldPath();
    if (Take("context")) return ReadPath({PathRoot::Kind::kContext});
    if (Is("item")) {
      if (!names_.has_item) {
        return ExpressionError(now().column, "there is an `item` only in a `for_each` step");
      }
      ++place_;
      return ReadPath({PathRoot::Kind::kItem});
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
    return ReadPath({PathRoot::Kind::kResults, Raw(*step)});
  }

  NodeOr ReadFieldPath() {
    const auto field = std::ranges::find(names_.fields, now().text);
    if (now().kind != Kind::kWord || field == names_.fields.end()) {
      return Unexpected(absl::StrCat("a literal, `(` or one of the fields ",
                                     absl::StrJoin(names_.fields, ", ", AppendName)));
    }
    ++place_;
    return ReadPath(
        {PathRoot::Kind::kField, static_cast<std::uint32_t>(field - names_.fields.begin())});
  }
  static void AppendName(std::string* out, std::string_view name) { out->append(name); }

  NodeOr ReadPath(PathRoot root) {
    std::vector<PathPart> parts;
    while (true) {
      absl::StatusOr<std::optional<PathPart>> part = ReadPart();
      if (!part.ok()) return part.status();
      if (!*part) return MakePath(root, std::move(parts));
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

}  // namespace

absl::StatusOr<ExpressionNodePtr> ParseExpression(std::string_view text,
                                                  const ExpressionNames& names) {
  if (text.size() > kExpressionBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        text.size(), " bytes are over an expression's limit of ", kExpressionBytesMax));
  }
  absl::StatusOr<std::vector<ExpressionToken>> tokens = SplitExpression(text);
  if (!tokens.ok()) return tokens.status();
  return Parser(*std::move(tokens), &names).Parse();
}

}  // namespace tasker::config
