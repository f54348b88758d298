#include "config/schema_keywords.h"

#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include <re2/re2.h>

#include "config/schema_guard.h"

namespace tasker::config {
namespace {

constexpr char kDate[] = R"(^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$)";
constexpr char kTime[] =
    R"(^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d)$)";
constexpr char kDateTime[] =
    R"(^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[tT]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d)$)";

// Nothing to say of values that are no strings.
class MatchConstraint final : public valijson::constraints::PolyConstraint {
 public:
  MatchConstraint(const std::string& pattern, std::string expected)
      : pattern_(std::make_shared<const RE2>(pattern, RE2::Quiet)),
        expected_(std::move(expected)) {}

  bool validate(const valijson::adapters::Adapter& target, const std::vector<std::string>& context,
                valijson::ValidationResults* results) const override {
    if (!target.maybeString() || RE2::PartialMatch(target.asString(), *pattern_)) return true;
    if (results != nullptr) results->pushError(context, "must " + expected_);
    return false;
  }

 private:
  Constraint* cloneInto(void* memory) const override { return new (memory) MatchConstraint(*this); }
  std::size_t sizeOf() const override { return sizeof(*this); }

  std::shared_ptr<const RE2> pattern_;
  std::string expected_;
};

class PatternBuilder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(
      const valijson::adapters::Adapter& keyword) const override {
    const std::string pattern = keyword.asString();
    return new MatchConstraint(pattern, "match the pattern `" + pattern + "`");
  }
};

class FormatBuilder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(
      const valijson::adapters::Adapter& keyword) const override {
    const std::string format = keyword.maybeString() ? keyword.asString() : "";
    const char* pattern = format == "date"        ? kDate
                          : format == "time"      ? kTime
                          : format == "date-time" ? kDateTime
                                                  : "";
    return new MatchConstraint(pattern, "have the format `" + format + "`");
  }
};

// A text that is the same for equal values, whatever the order of their keys. What reaches this was
// parsed by a library that keeps keys in order.
void AppendCanonical(const valijson::adapters::Adapter& value, std::string& text) {
  if (value.isObject()) {
    text += '{';
    value.applyToObject([&](const std::string& key, const valijson::adapters::Adapter& member) {
      absl::StrAppend(&text, key.size(), ":", key, "=");
      AppendCanonical(member, text);
      return true;
    });
    text += '}';
  } else if (value.isArray()) {
    text += '[';
    value.applyToArray([&](const valijson::adapters::Adapter& item) {
      AppendCanonical(item, text);
      return true;
    });
    text += ']';
  } else if (value.isString()) {
    const std::string content = value.getString();
    absl::StrAppend(&text, content.size(), "\"", content);
  } else if (value.isInteger()) {
    absl::StrAppend(&text, value.getInteger(), ";");
  } else if (value.isNumber()) {
    absl::StrAppend(&text, absl::StrFormat("%.17g;", value.getNumber()));
  } else {
    text += value.isNull() ? "null" : value.getBool() ? "true" : "false";
  }
}

class UniqueConstraint final : public valijson::constraints::PolyConstraint {
 public:
  bool validate(const valijson::adapters::Adapter& target, const std::vector<std::string>& context,
                valijson::ValidationResults* results) const override {
    if (!target.isArray()) return true;
    absl::flat_hash_set<std::string> seen;
    const bool unique = target.applyToArray([&](const valijson::adapters::Adapter& item) {
      std::string text;
      AppendCanonical(item, text);
      return seen.insert(std::move(text)).second;
    });
    if (!unique && results != nullptr) results->pushError(context, "must hold no item twice");
    return unique;
  }

 private:
  Constraint* cloneInto(void* memory) const override {
    return new (memory) UniqueConstraint(*this);
  }
  std::size_t sizeOf() const override { return sizeof(*this); }
};

// Says nothing, where `uniqueItems` is false.
class NoConstraint final : public valijson::constraints::PolyConstraint {
 public:
  bool validate(const valijson::adapters::Adapter&, const std::vector<std::string>&,
                valijson::ValidationResults*) const override {
    return true;
  }

 private:
  Constraint* cloneInto(void* memory) const override { return new (memory) NoConstraint(*this); }
  std::size_t sizeOf() const override { return sizeof(*this); }
};

class UniqueBuilder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(
      const valijson::adapters::Adapter& keyword) const override {
    if (keyword.isBool() && keyword.getBool()) return new UniqueConstraint();
    return new NoConstraint();
  }
};

}  // namespace

void AddOwnKeywords(valijson::SchemaParser& parser) {
  // The parser takes them over.
  parser.addConstraintBuilder(kPatternKeyword, new PatternBuilder());
  parser.addConstraintBuilder(kFormatKeyword, new FormatBuilder());
  parser.addConstraintBuilder(kUniqueItemsKeyword, new UniqueBuilder());
}

}  // namespace tasker::config
