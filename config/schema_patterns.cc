#include "config/schema_patterns.h"

#include <new>
#include <string>
#include <utility>
#include <vector>

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

}  // namespace

void AddPatternKeywords(valijson::SchemaParser& parser) {
  // The parser takes them over.
  parser.addConstraintBuilder(kPatternKeyword, new PatternBuilder());
  parser.addConstraintBuilder(kFormatKeyword, new FormatBuilder());
}

}  // namespace tasker::config
