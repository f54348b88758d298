#include "engine/flow/decision.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace tasker::engine {

absl::StatusOr<std::vector<StepIndex>> ChosenBranches(const TaskTemplate& of, StepIndex decision,
                                                      const ExpressionScope& scope) {
  const StepTemplate& step = of.steps[Raw(decision)];
  const absl::StatusOr<std::vector<std::string>> names = step.choice->Names(scope);
  if (!names.ok()) return names.status();
  std::vector<StepIndex> chosen;
  for (const std::string& name : *names) {
    const auto found = std::ranges::find_if(
        step.branches, [&](StepIndex branch) { return of.steps[Raw(branch)].name == name; });
    if (found == step.branches.end()) {
      std::string branches;
      for (const StepIndex branch : step.branches) {
        absl::StrAppend(&branches, branches.empty() ? "`" : ", `", of.steps[Raw(branch)].name, "`");
      }
      return absl::InvalidArgumentError(absl::StrCat(
          "the results choose `", name, "`, which is none of the step's branches: ", branches));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace tasker::engine
