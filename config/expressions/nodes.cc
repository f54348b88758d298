#include "config/expressions/nodes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tasker::config {
namespace {

using Json = ExpressionJson;

ExpressionValue Value(Json json) { return std::make_shared<const Json>(std::move(json)); }

ExpressionValue Null() {
  static const ExpressionValue kNull = Value(nullptr);
  return kNull;
}

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

class Literal final : public ExpressionNode {
 public:
  explicit Literal(Json value) : value_(Value(std::move(value))) {}
  absl::StatusOr<ExpressionValue> Evaluate(ExpressionRoots&) const override { return value_; }

 private:
  const ExpressionValue value_;
};

class List final : public ExpressionNode {
 public:
  explicit List(std::vector<ExpressionNodePtr> elements) : elements_(std::move(elements)) {}
  absl::StatusOr<ExpressionValue> Evaluate(ExpressionRoots& roots) const override {
    Json list = Json::array();
    for (const ExpressionNodePtr& element : elements_) {
      const absl::StatusOr<ExpressionValue> value = element->Evaluate(roots);
      if (!value.ok()) return value.status();
      list.push_back(**value);
    }
    return Value(std::move(list));
  }

 private:
  const std::vector<ExpressionNodePtr> elements_;
};

class Path final : public ExpressionNode {
 public:
  Path(PathRoot root, std::vector<PathPart> parts) : root_(root), parts_(std::move(parts)) {}

  absl::StatusOr<ExpressionValue> Evaluate(ExpressionRoots& roots) const override {
    const absl::StatusOr<ExpressionValue> root = roots.Of(root_);
    if (!root.ok()) return root.status();
    const Json* at = root->get();
    for (const PathPart& part : parts_) {
      at = Step(*at, part);
      if (at == nullptr) return Null();
    }
    return ExpressionValue(*root, at);
  }

 private:
  static const Json* Step(const Json& json, const PathPart& part) {
    if (const auto* key = std::get_if<std::string>(&part)) {
      if (!json.is_object()) return nullptr;
      const auto found = json.find(*key);
      return found == json.end() ? nullptr : &*found;
    }
    if (!json.is_array()) return nullptr;
    // From the end, if it is negative.
    const auto size = static_cast<std::int64_t>(json.size());
    std::int64_t place = std::get<std::int64_t>(part);
    if (place < 0) place += size;
    return place < 0 || place >= size ? nullptr : &json[static_cast<std::size_t>(place)];
  }

  const PathRoot root_;
  const std::vector<PathPart> parts_;
};

// A node of two operands that are both needed.
class Binary : public ExpressionNode {
 public:
  Binary(ExpressionNodePtr left, ExpressionNodePtr right)
      : left_(std::move(left)), right_(std::move(right)) {}
  absl::StatusOr<ExpressionValue> Evaluate(ExpressionRoots& roots) const override {
    const absl::StatusOr<ExpressionValue> left = left_->Evaluate(roots);
    if (!left.ok()) return left.status();
    const absl::StatusOr<ExpressionValue> right = right_->Evaluate(roots);
    if (!right.ok()) return right.status();
    const absl::StatusOr<bool> holds = Holds(**left, **right);
    if (!holds.ok()) return holds.status();
    return Value(*holds);
  }

 private:
  virtual absl::StatusOr<bool> Holds(const Json& left, const Json& right) const = 0;

  const ExpressionNodePtr left_;
  const ExpressionNodePtr right_;
};

class Comparison final : public Binary {
 public:
  Comparison(ComparisonSign sign, ExpressionNodePtr left, ExpressionNodePtr right)
      : Binary(std::move(left), std::move(right)), sign_(sign) {}

 private:
  absl::StatusOr<bool> Holds(const Json& left, const Json& right) const override {
    if (sign_ == ComparisonSign::kEqual) return left == right;
    if (sign_ == ComparisonSign::kUnequal) return left != right;
    // What is not there is neither less nor more than anything.
    if (left.is_null() || right.is_null()) return false;
    const bool comparable =
        (left.is_number() && right.is_number()) || (left.is_string() && right.is_string());
    if (!comparable) {
      return Wrong(absl::StrCat("a ", left.type_name(), " and a ", right.type_name(),
                                " have no order; only two numbers or two strings do"));
    }
    switch (sign_) {
      case ComparisonSign::kLess:
        return left < right;
      case ComparisonSign::kLessEqual:
        return left <= right;
      case ComparisonSign::kMore:
        return left > right;
      default:
        return left >= right;
    }
  }

  const ComparisonSign sign_;
};

class In final : public Binary {
 public:
  using Binary::Binary;

 private:
  absl::StatusOr<bool> Holds(const Json& element, const Json& all) const override {
    if (all.is_null()) return false;
    if (all.is_array()) return std::ranges::find(all, element) != all.end();
    if (!element.is_string()) {
      return Wrong(absl::StrCat("a ", element.type_name(), " cannot be in a ", all.type_name()));
    }
    const auto& text = element.get_ref<const std::string&>();
    if (all.is_object()) return all.contains(text);
    if (all.is_string()) return all.get_ref<const std::string&>().find(text) != std::string::npos;
    return Wrong(absl::StrCat("nothing can be in a ", all.type_name()));
  }
};

class Logic final : public ExpressionNode {
 public:
  Logic(bool is_and, ExpressionNodePtr left, ExpressionNodePtr right)
      : is_and_(is_and), left_(std::move(left)), right_(std::move(right)) {}
  absl::StatusOr<ExpressionValue> Evaluate(ExpressionRoots& roots) const override {
    for (const ExpressionNode* side : {left_.get(), right_.get()}) {
      const absl::StatusOr<ExpressionValue> value = side->Evaluate(roots);
      if (!value.ok()) return value.status();
      const absl::StatusOr<bool> holds = AsCondition(**value);
      if (!holds.ok()) return holds.status();
      if (*holds != is_and_) return Value(*holds);
    }
    return Value(is_and_);
  }

 private:
  const bool is_and_;
  const ExpressionNodePtr left_;
  const ExpressionNodePtr right_;
};

// A node of one operand.
class Unary : public ExpressionNode {
 public:
  explicit Unary(ExpressionNodePtr operand) : operand_(std::move(operand)) {}
  absl::StatusOr<ExpressionValue> Evaluate(ExpressionRoots& roots) const override {
    const absl::StatusOr<ExpressionValue> value = operand_->Evaluate(roots);
    if (!value.ok()) return value.status();
    absl::StatusOr<Json> result = Of(**value);
    if (!result.ok()) return result.status();
    return Value(*std::move(result));
  }

 private:
  virtual absl::StatusOr<Json> Of(const Json& value) const = 0;

  const ExpressionNodePtr operand_;
};

class Not final : public Unary {
 public:
  using Unary::Unary;

 private:
  absl::StatusOr<Json> Of(const Json& value) const override {
    const absl::StatusOr<bool> holds = AsCondition(value);
    if (!holds.ok()) return holds.status();
    return Json(!*holds);
  }
};

class Length final : public Unary {
 public:
  using Unary::Unary;

 private:
  absl::StatusOr<Json> Of(const Json& value) const override {
    if (value.is_null()) return Json(0);
    if (value.is_array() || value.is_object()) return Json(value.size());
    if (!value.is_string()) return Wrong(absl::StrCat("a ", value.type_name(), " has no length"));
    // In characters: every byte but those that go on with one.
    const auto& text = value.get_ref<const std::string&>();
    return Json(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
  }
};

class Exists final : public Unary {
 public:
  using Unary::Unary;

 private:
  absl::StatusOr<Json> Of(const Json& value) const override { return Json(!value.is_null()); }
};

}  // namespace

absl::StatusOr<bool> AsCondition(const ExpressionJson& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_null()) return false;
  return Wrong(absl::StrCat("a ", value.type_name(), " is neither true nor false"));
}

ExpressionNodePtr MakeLiteral(ExpressionJson value) {
  return std::make_unique<Literal>(std::move(value));
}
ExpressionNodePtr MakeList(std::vector<ExpressionNodePtr> elements) {
  return std::make_unique<List>(std::move(elements));
}
ExpressionNodePtr MakePath(PathRoot root, std::vector<PathPart> parts) {
  return std::make_unique<Path>(root, std::move(parts));
}
ExpressionNodePtr MakeComparison(ComparisonSign sign, ExpressionNodePtr left,
                                 ExpressionNodePtr right) {
  return std::make_unique<Comparison>(sign, std::move(left), std::move(right));
}
ExpressionNodePtr MakeIn(ExpressionNodePtr element, ExpressionNodePtr all) {
  return std::make_unique<In>(std::move(element), std::move(all));
}
ExpressionNodePtr MakeLogic(bool is_and, ExpressionNodePtr left, ExpressionNodePtr right) {
  return std::make_unique<Logic>(is_and, std::move(left), std::move(right));
}
ExpressionNodePtr MakeNot(ExpressionNodePtr operand) {
  return std::make_unique<Not>(std::move(operand));
}
ExpressionNodePtr MakeLength(ExpressionNodePtr operand) {
  return std::make_unique<Length>(std::move(operand));
}
ExpressionNodePtr MakeExists(ExpressionNodePtr operand) {
  return std::make_unique<Exists>(std::move(operand));
}

}  // namespace tasker::config
