#include "config/step_flow.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "config/expressions/decision_choice.h"
#include "config/expressions/expression_compiler.h"
#include "config/spelling.h"
#include "config/step_ancestry.h"
#include "config/template_keys.h"
#include "config/units.h"

namespace tasker::config {
namespace {

constexpr std::uint32_t kConcurrencyMax = 100'000;

// What the engine does itself; a step may have one of them.
constexpr std::array kOwnKinds = {"sub_task", "wait", "wait_until", "wait_for_signal"};

// Tells whether an expression looks at anything.
class EmptyScope final : public engine::ExpressionScope {
 public:
  std::string_view Context() const override { return Looked(); }
  std::string_view ResultsOf(engine::StepIndex) const override { return Looked(); }
  std::string_view Item() const override { return Looked(); }
  bool looked() const { return looked_; }

 private:
  std::string_view Looked() const {
    looked_ = true;
    return "";
  }

  mutable bool looked_ = false;
};

// Whether the condition is false whatever the task.
bool NeverHolds(const engine::Expression& condition) {
  const EmptyScope scope;
  const absl::StatusOr<bool> holds = condition.Test(scope);
  return !scope.looked() && holds.ok() && !*holds;
}

class FlowReader {
 public:
  FlowReader(const std::vector<LinkedStep>& steps, const StepPlaces& places,
             std::string namespace_name, YamlReport& report)
      : steps_(steps),
        places_(places),
        namespace_(std::move(namespace_name)),
        report_(report),
        undone_by_(steps.size()) {
    children_.resize(steps.size());
    for (const LinkedStep& step : steps) {
      for (const engine::StepIndex parent : step.step->parents) {
        children_[Raw(parent)].push_back(step.index);
      }
      names_.push_back(step.step->name);
    }
  }

  void Read(const LinkedStep& step) {
    CheckKinds(step);
    step.step->when = Expression(step, "when", false);
    if (step.step->when != nullptr && NeverHolds(*step.step->when)) {
      step.fields->Warn("when", "never holds, so the step is never reached: it is always skipped");
    }
    ReadForEach(step);
    ReadSubTask(step);
    ReadWait(step);
    ReadDecision(step);
    ReadReserve(step);
  }

  // Refuses expressions that look at results which may not be there. Once all are read.
  void CheckWhatIsKnown() const {
    engine::ParentLists parents;
    parents.reserve(steps_.size());
    for (const LinkedStep& step : steps_) parents.push_back(step.step->parents);
    if (!engine::FindCycle(parents).empty()) return;
    std::vector<AncestryQuestion> questions;
    questions.reserve(looks_.size());
    for (const Look& look : looks_) questions.push_back(look.question);
    const std::vector<bool> known = AreAncestors(parents, questions);
    for (std::size_t i = 0; i < looks_.size(); ++i) {
      if (known[i]) continue;
      const Look& look = looks_[i];
      report_.Error(look.place, look.path,
                    absl::StrCat("step `", names_[Raw(look.question.step)],
                                 "` does not depend on `", names_[Raw(look.question.ancestor)],
                                 "`, whose results may not be there when it begins"));
    }
  }

 private:
  // An expression that looks at the results of a step.
  struct Look {
    AncestryQuestion question;
    Place place;
    std::string path;
  };

  static void CheckKinds(const LinkedStep& step) {
    std::vector<std::string> own;
    for (const char* kind : kOwnKinds) {
      if (step.fields->Has(kind)) own.emplace_back(kind);
    }
    if (own.size() > 1) {
      step.fields->Error(own[1], absl::StrCat("cannot stand beside `", own[0], "`"));
    }
    const bool waits = !own.empty() && own[0] != "sub_task";
    if (waits && step.fields->Has("for_each")) {
      step.fields->Error("for_each", absl::StrCat("cannot stand beside `", own[0], "`"));
    }
    if (!own.empty() && !step.step->handler_class.empty()) {
      step.fields->Error("handler_class", absl::StrCat("cannot stand beside `", own[0],
                                                       "`: no handler does such a step"));
    }
  }

  engine::ExpressionPtr Compile(const LinkedStep& step, const YamlFields& fields,
                                std::string_view key, bool has_item) {
    ExpressionNames names;
    names.has_item = has_item;
    names.find_step = [&](std::string_view name) -> absl::StatusOr<engine::StepIndex> {
      const auto found = places_.find(std::string(name));
      if (found == places_.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("there is no step `", std::string(name), "`", DidYouMean(name, names_)));
      }
      looks_.push_back(
          {{step.index, found->second}, fields.PlaceOf(key), Join(fields.path(), key)});
      return found->second;
    };
    const std::optional<std::string> text = fields.Text(key);
    if (!text) return nullptr;
    absl::StatusOr<engine::ExpressionPtr> compiled =
        CompileExpression(*text, names, fields.Shown(key));
    if (compiled.ok()) return *std::move(compiled);
    fields.Error(key, std::string(compiled.status().message()));
    return nullptr;
  }

  engine::ExpressionPtr Expression(const LinkedStep& step, std::string_view key, bool has_item) {
    return Compile(step, *step.fields, key, has_item);
  }

  void ReadForEach(const LinkedStep& step) {
    const YamlValue* value = step.fields->Find("for_each");
    if (value == nullptr) return;
    engine::ForEach for_each;
    if (value->is_map()) {
      step.fields->WithMap("for_each", [&](const YamlFields& fields) {
        fields.TellUnknown(kForEachKeys);
        if (fields.RequiredText("items")) {
          for_each.items = Compile(step, fields, "items", false);
        }
        for_each.concurrency = fields.Count("concurrency", kConcurrencyMax).value_or(0);
      });
    } else {
      for_each.items = Expression(step, "for_each", false);
    }
    step.step->for_each = std::move(for_each);
  }

  void ReadSubTask(const LinkedStep& step) {
    step.fields->WithMap("sub_task", [&](const YamlFields& fields) {
      fields.TellUnknown(kSubTaskKeys);
      engine::SubTask sub_task;
      sub_task.name = fields.RequiredText("name").value_or("");
      sub_task.namespace_name = fields.Text("namespace").value_or(namespace_);
      sub_task.version = fields.Text("version").value_or("");
      sub_task.context = Compile(step, fields, "context", step.fields->Has("for_each"));
      step.step->sub_task = std::move(sub_task);
      // What runs another task again is a choice to be made, since that one has its own retries.
      if (!step.fields->Has("default_retryable")) step.step->retryable = false;
    });
  }

  void ReadWait(const LinkedStep& step) {
    engine::Wait wait;
    if (const auto span = step.fields->Span("wait")) {
      wait.duration = *span;
      step.step->wait = wait;
    }
    if (const auto until = step.fields->Text("wait_until")) {
      // A plain moment is no expression: `2026-01-31T12:00:00Z`.
      absl::Time moment;
      std::string ignored;
      wait.until = absl::ParseTime(absl::RFC3339_full, *until, &moment, &ignored)
                       ? TextExpression(*until, step.fields->Shown("wait_until"))
                       : Compile(step, *step.fields, "wait_until", false);
      step.step->wait = wait;
    }
    const YamlValue* signal = step.fields->Find("wait_for_signal");
    if (signal == nullptr) {
      if (step.fields->Has("timeout")) {
        step.fields->Error("timeout", "has a meaning only beside `wait_for_signal`");
      }
      return;
    }
    const auto take_timeout = [&](const YamlFields& fields) {
      if (const auto timeout = fields.Span("timeout")) wait.timeout = *timeout;
    };
    if (signal->is_map()) {
      step.fields->WithMap("wait_for_signal", [&](const YamlFields& fields) {
        fields.TellUnknown(kSignalKeys);
        wait.signal = fields.RequiredText("name").value_or("");
        take_timeout(fields);
      });
    } else {
      wait.signal = step.fields->RequiredText("wait_for_signal").value_or("");
      take_timeout(*step.fields);
    }
    step.step->wait = wait;
  }

  void ReadDecision(const LinkedStep& step) const {
    const std::string type = step.fields->Text("type").value_or("standard");
    if (std::ranges::find(kStepTypes, type) == kStepTypes.end()) {
      step.fields->Error("type", absl::StrCat("`", step.fields->Shown("type"), "` is none of ",
                                              absl::StrJoin(kStepTypes, ", "),
                                              DidYouMean(step.fields->Shown("type"), kStepTypes)));
      return;
    }
    if (type != "decision") {
      if (step.fields->Has("branches")) {
        step.fields->Error("branches", "has a meaning only with `type: decision`");
      }
      return;
    }
    for (const char* kind : {"for_each", "sub_task", "wait", "wait_until", "wait_for_signal"}) {
      if (step.fields->Has(kind)) {
        step.fields->Error(kind, "cannot stand in a decision, which a handler makes");
      }
    }
    step.step->choice = DecisionChoice(step.index);
    const std::vector<engine::StepIndex>& children = children_[Raw(step.index)];
    if (!step.fields->Has("branches")) {
      step.step->branches = children;
      return;
    }
    std::vector<bool> is_branch(steps_.size(), false);
    for (const std::string& name : step.fields->TextList("branches")) {
      const auto found = places_.find(name);
      if (found == places_.end()) {
        step.fields->Error("branches",
                           absl::StrCat("there is no step `", name, "`", DidYouMean(name, names_)));
      } else if (!std::ranges::binary_search(children, found->second)) {
        step.fields->Error("branches", absl::StrCat("step `", name, "` does not depend on `",
                                                    step.step->name, "`"));
      } else if (!is_branch[Raw(found->second)]) {
        is_branch[Raw(found->second)] = true;
        step.step->branches.push_back(found->second);
      }
    }
  }

  void ReadReserve(const LinkedStep& step) {
    if (const auto undone = step.fields->Text("compensates")) {
      const auto found = places_.find(*undone);
      if (found == places_.end()) {
        step.fields->Error("compensates", absl::StrCat("there is no step `", *undone, "`",
                                                       DidYouMean(*undone, names_)));
      } else if (found->second == step.index) {
        step.fields->Error("compensates", "a step cannot undo itself");
      } else if (steps_[Raw(found->second)].fields->Has("compensates") ||
                 steps_[Raw(found->second)].fields->Has("on_failure")) {
        step.fields->Error("compensates",
                           absl::StrCat("step `", *undone, "` runs only after a failure itself"));
      } else {
        std::optional<engine::StepIndex>& undone_by = undone_by_[Raw(found->second)];
        if (undone_by) {
          step.fields->Error("compensates", absl::StrCat("step `", names_[Raw(*undone_by)],
                                                         "` undoes `", *undone, "` already"));
        }
        undone_by = step.index;
        step.step->compensates = found->second;
      }
    }
    step.step->on_failure = step.fields->Flag("on_failure").value_or(false);
    if (!step.step->in_reserve()) return;
    const char* key = step.step->on_failure ? "on_failure" : "compensates";
    if (step.step->on_failure && step.step->compensates) {
      step.fields->Error(key, "cannot stand beside `compensates`");
    }
    if (!step.step->parents.empty()) {
      step.fields->Error(key,
                         "such a step cannot depend on others: it has its turn after a failure");
    }
    if (!children_[Raw(step.index)].empty()) {
      step.fields->Error(key, "no step can depend on one that runs only after a failure");
    }
    if (step.fields->Has("when")) {
      step.fields->Error("when", "has no meaning in a step that runs only after a failure");
    }
  }

  const std::vector<LinkedStep>& steps_;
  const StepPlaces& places_;
  const std::string namespace_;
  YamlReport& report_;
  // Of each step, in ascending order.
  std::vector<std::vector<engine::StepIndex>> children_;
  std::vector<std::string> names_;
  // Of each step: the one that compensates it, as far as they are read.
  std::vector<std::optional<engine::StepIndex>> undone_by_;
  std::vector<Look> looks_;
};

}  // namespace

bool IsDoneByHandler(const YamlFields& fields) {
  return std::ranges::none_of(kOwnKinds, [&](const char* kind) { return fields.Has(kind); });
}

void ReadFlow(const std::vector<LinkedStep>& steps, const StepPlaces& places,
              const std::string& namespace_name, YamlReport& report) {
  FlowReader reader(steps, places, namespace_name, report);
  for (const LinkedStep& step : steps) reader.Read(step);
  reader.CheckWhatIsKnown();
}

}  // namespace tasker::config
