#include "config/expressions/decision_choice.h"

#include <memory>

#include <nlohmann/json.hpp>

namespace tasker::config {
namespace {

absl::Status NoChoice() {
  return absl::InvalidArgumentError(
      "the results of a decision must be {\"create_steps\": [names of steps]} or "
      "{\"no_branches\": true}");
}

class Choice final : public engine::Expression {
 public:
  explicit Choice(engine::StepIndex decision) : decision_(decision) {}

  absl::StatusOr<std::vector<std::string>> Names(
      const engine::ExpressionScope& scope) const override {
    const nlohmann::json results =
        nlohmann::json::parse(scope.ResultsOf(decision_), nullptr, false);
    if (!results.is_object()) return NoChoice();
    const auto none = results.find("no_branches");
    if (none != results.end() && *none == true) return std::vector<std::string>();
    const auto type = results.find("type");
    if (type != results.end() && *type == "no_branches") return std::vector<std::string>();
    for (const char* key : {"create_steps", "branches", "step_names"}) {
      const auto names = results.find(key);
      if (names == results.end() || !names->is_array()) continue;
      std::vector<std::string> chosen;
      for (const nlohmann::json& name : *names) {
        if (!name.is_string()) return NoChoice();
        chosen.push_back(name.get<std::string>());
      }
      return chosen;
    }
    return NoChoice();
  }

  absl::StatusOr<bool> Test(const engine::ExpressionScope&) const override { return NoChoice(); }
  absl::StatusOr<std::string> Json(const engine::ExpressionScope&) const override {
    return NoChoice();
  }
  absl::StatusOr<std::vector<std::string>> Elements(const engine::ExpressionScope&) const override {
    return NoChoice();
  }
  absl::StatusOr<engine::Timestamp> Moment(const engine::ExpressionScope&) const override {
    return NoChoice();
  }
  std::string_view text() const override { return "the decision's results"; }

 private:
  const engine::StepIndex decision_;
};

}  // namespace

engine::ExpressionPtr DecisionChoice(engine::StepIndex decision) {
  return std::make_shared<Choice>(decision);
}

}  // namespace tasker::config
