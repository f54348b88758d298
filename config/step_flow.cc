#include "config/step_flow.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "config/expressions/decision_choice.h"
#include "config/expressions/expression_compiler.h"
#include "config/spelling.h"
#include "config/units.h"

namespace tasker::config {
namespace {

constexpr std::uint32_t kConcurrencyMax = 100'000;

const std::array<std::string, 2> kForEachKeys = {"items", "concurrency"};
const std::array<std::string, 4> kSubTaskKeys = {"name", "namespace", "version", "context"};
const std::array<std::string, 2> kSignalKeys = {"name", "timeout"};
const std::vector<std::string> kTypes = {"standard", "api", "decision", "deferred"};
// What the engine does itself; a step may have one of them.
constexpr std::array kOwnKinds = {"sub_task", "wait", "wait_until", "wait_for_signal"};

class FlowReader {
 public:
  FlowReader(const std::vector<LinkedStep>& steps, const StepPlaces& places,
             std::string namespace_name)
      : steps_(steps), places_(places), namespace_(std::move(namespace_name)) {
    children_.resize(steps.size());
    for (const LinkedStep& step : steps) {
      for (const engine::StepIndex parent : step.step->parents) {
        children_[Raw(parent)].push_back(step.index);
      }
      names_.push_back(step.step->name);
    }
  }

  void Read(const LinkedStep& step) const {
    CheckKinds(step);
    step.step->when = Expression(step, "when", false);
    ReadForEach(step);
    ReadSubTask(step);
    ReadWait(step);
    ReadDecision(step);
    ReadReserve(step);
  }

 private:
  static void CheckKinds(const LinkedStep& step) {
    std::vector<std::string> own;
    for (const char* kind : kOwnKinds) {
      if (step.fields->Node(kind)) own.emplace_back(kind);
    }
    if (own.size() > 1) {
      step.fields->Error(own[1], absl::StrCat("cannot stand beside `", own[0], "`"));
    }
    const bool waits = !own.empty() && own[0] != "sub_task";
    if (waits && step.fields->Node("for_each")) {
      step.fields->Error("for_each", absl::StrCat("cannot stand beside `", own[0], "`"));
    }
    if (!own.empty() && !step.step->handler_class.empty()) {
      step.fields->Error("handler_class", absl::StrCat("cannot stand beside `", own[0],
                                                       "`: no handler does such a step"));
    }
  }

  // The steps that are done whenever this one begins.
  std::vector<bool> AncestorsOf(engine::StepIndex step) const {
    std::vector<bool> above(steps_.size(), false);
    std::vector<engine::StepIndex> look = {step};
    while (!look.empty()) {
      const engine::StepIndex at = look.back();
      look.pop_back();
      for (const engine::StepIndex parent : steps_[Raw(at)].step->parents) {
        if (!above[Raw(parent)]) look.push_back(parent);
        above[Raw(parent)] = true;
      }
    }
    return above;
  }

  engine::ExpressionPtr Compile(const LinkedStep& step, const YamlFields& fields,
                                std::string_view key, const std::string& text,
                                bool has_item) const {
    ExpressionNames names;
    names.has_item = has_item;
    std::optional<std::vector<bool>> above;
    names.find_step = [&](std::string_view name) -> absl::StatusOr<engine::StepIndex> {
      const auto found = places_.find(std::string(name));
      if (found == places_.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("there is no step `", std::string(name), "`", DidYouMean(name, names_)));
      }
      if (!above) above = AncestorsOf(step.index);
      if (!(*above)[Raw(found->second)]) {
        return absl::InvalidArgumentError(
            absl::StrCat("step `", step.step->name, "` does not depend on `", std::string(name),
                         "`, whose results may not be there when it begins"));
      }
      return found->second;
    };
    absl::StatusOr<engine::ExpressionPtr> compiled = CompileExpression(text, names);
    if (compiled.ok()) return *std::move(compiled);
    fields.Error(key, std::string(compiled.status().message()));
    return nullptr;
  }

  engine::ExpressionPtr Expression(const LinkedStep& step, std::string_view key,
                                   bool has_item) const {
    const std::optional<std::string> text = step.fields->Text(key);
    return text ? Compile(step, *step.fields, key, *text, has_item) : nullptr;
  }

  void ReadForEach(const LinkedStep& step) const {
    const std::optional<YAML::Node> node = step.fields->Node("for_each");
    if (!node) return;
    engine::ForEach for_each;
    if (node->IsMap()) {
      step.fields->WithMap("for_each", [&](const YamlFields& fields) {
        fields.WarnOfUnknown(kForEachKeys);
        if (const auto items = fields.RequiredText("items")) {
          for_each.items = Compile(step, fields, "items", *items, false);
        }
        for_each.concurrency = fields.Count("concurrency", kConcurrencyMax).value_or(0);
      });
    } else {
      for_each.items = Expression(step, "for_each", false);
    }
    step.step->for_each = std::move(for_each);
  }

  void ReadSubTask(const LinkedStep& step) const {
    step.fields->WithMap("sub_task", [&](const YamlFields& fields) {
      fields.WarnOfUnknown(kSubTaskKeys);
      engine::SubTask sub_task;
      sub_task.name = fields.RequiredText("name").value_or("");
      sub_task.namespace_name = fields.Text("namespace").value_or(namespace_);
      sub_task.version = fields.Text("version").value_or("");
      if (const auto context = fields.Text("context")) {
        sub_task.context =
            Compile(step, fields, "context", *context, step.fields->Node("for_each").has_value());
      }
      step.step->sub_task = std::move(sub_task);
      // What runs another task again is a choice to be made, since that one has its own retries.
      if (!step.fields->Node("default_retryable")) step.step->retryable = false;
    });
  }

  void ReadWait(const LinkedStep& step) const {
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
                       ? TextExpression(*until)
                       : Compile(step, *step.fields, "wait_until", *until, false);
      step.step->wait = wait;
    }
    const std::optional<YAML::Node> signal = step.fields->Node("wait_for_signal");
    if (!signal) {
      if (step.fields->Node("timeout")) {
        step.fields->Error("timeout", "has a meaning only beside `wait_for_signal`");
      }
      return;
    }
    const auto take_timeout = [&](const YamlFields& fields) {
      if (const auto timeout = fields.Span("timeout")) wait.timeout = *timeout;
    };
    if (signal->IsMap()) {
      step.fields->WithMap("wait_for_signal", [&](const YamlFields& fields) {
        fields.WarnOfUnknown(kSignalKeys);
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
    if (std::ranges::find(kTypes, type) == kTypes.end()) {
      step.fields->Error("type",
                         absl::StrCat("`", type, "` is none of ", absl::StrJoin(kTypes, ", "),
                                      DidYouMean(type, kTypes)));
      return;
    }
    if (type != "decision") {
      if (step.fields->Node("branches")) {
        step.fields->Error("branches", "has a meaning only with `type: decision`");
      }
      return;
    }
    for (const char* kind : {"for_each", "sub_task", "wait", "wait_until", "wait_for_signal"}) {
      if (step.fields->Node(kind)) {
        step.fields->Error(kind, "cannot stand in a decision, which a handler makes");
      }
    }
    step.step->choice = DecisionChoice(step.index);
    const std::vector<engine::StepIndex>& children = children_[Raw(step.index)];
    if (!step.fields->Node("branches")) {
      step.step->branches = children;
      return;
    }
    for (const std::string& name : step.fields->TextList("branches")) {
      const auto found = places_.find(name);
      if (found == places_.end()) {
        step.fields->Error("branches",
                           absl::StrCat("there is no step `", name, "`", DidYouMean(name, names_)));
      } else if (std::ranges::find(children, found->second) == children.end()) {
        step.fields->Error("branches", absl::StrCat("step `", name, "` does not depend on `",
                                                    step.step->name, "`"));
      } else {
        step.step->branches.push_back(found->second);
      }
    }
  }

  void ReadReserve(const LinkedStep& step) const {
    if (const auto undone = step.fields->Text("compensates")) {
      const auto found = places_.find(*undone);
      if (found == places_.end()) {
        step.fields->Error("compensates", absl::StrCat("there is no step `", *undone, "`",
                                                       DidYouMean(*undone, names_)));
      } else if (found->second == step.index) {
        step.fields->Error("compensates", "a step cannot undo itself");
      } else if (steps_[Raw(found->second)].fields->Node("compensates") ||
                 steps_[Raw(found->second)].fields->Node("on_failure")) {
        step.fields->Error("compensates",
                           absl::StrCat("step `", *undone, "` runs only after a failure itself"));
      } else {
        for (std::uint32_t i = 0; i < Raw(step.index); ++i) {
          if (steps_[i].step->compensates == found->second) {
            step.fields->Error("compensates", absl::StrCat("step `", steps_[i].step->name,
                                                           "` undoes `", *undone, "` already"));
          }
        }
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
    if (step.fields->Node("when")) {
      step.fields->Error("when", "has no meaning in a step that runs only after a failure");
    }
  }

  const std::vector<LinkedStep>& steps_;
  const StepPlaces& places_;
  const std::string namespace_;
  std::vector<std::vector<engine::StepIndex>> children_;
  std::vector<std::string> names_;
};

}  // namespace

bool IsDoneByHandler(const YamlFields& fields) {
  return std::ranges::none_of(kOwnKinds,
                              [&](const char* kind) { return fields.Node(kind).has_value(); });
}

void ReadFlow(const std::vector<LinkedStep>& steps, const StepPlaces& places,
              const std::string& namespace_name) {
  const FlowReader reader(steps, places, namespace_name);
  for (const LinkedStep& step : steps) reader.Read(step);
}

}  // namespace tasker::config
