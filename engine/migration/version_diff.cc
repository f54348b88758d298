#include "engine/migration/version_diff.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace tasker::engine {
namespace {

using Kind = VersionChange::Kind;

std::string Text(Duration span) {
  return span == Duration::zero() ? "none" : absl::FormatDuration(absl::Microseconds(span.count()));
}
std::string Text(std::uint32_t number) { return absl::StrCat(number); }
std::string Text(bool flag) { return flag ? "true" : "false"; }
std::string Text(const std::string& text) { return text.empty() ? "none" : text; }

std::string Limit(std::uint32_t limit) { return limit == 0 ? "none" : absl::StrCat(limit); }

// As in `retry_limit: 3 -> 5`.
std::string FromTo(std::string_view key, const std::string& before, const std::string& after) {
  return absl::StrCat(std::string(key), ": ", before, " -> ", after);
}

bool SameText(const ExpressionPtr& a, const ExpressionPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->text() == b->text();
}

bool SameCurve(const std::shared_ptr<const RetryCurve>& a,
               const std::shared_ptr<const RetryCurve>& b) {
  if (a == nullptr || b == nullptr) return a == b;
  const bool same_form = a->exponential && b->exponential
                             ? a->exponential->base == b->exponential->base &&
                                   a->exponential->factor == b->exponential->factor
                             : a->exponential.has_value() == b->exponential.has_value();
  return same_form && a->backoff == b->backoff && a->multiplier == b->multiplier &&
         a->delay_max == b->delay_max && a->jitter == b->jitter;
}

std::vector<std::string> Names(const TaskTemplate& of, const std::vector<StepIndex>& steps) {
  std::vector<std::string> names;
  for (const StepIndex step : steps) names.push_back(of.steps[Raw(step)].name);
  std::ranges::sort(names);
  return names;
}

std::string Listed(const std::vector<std::string>& names) {
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

// What is the same of both steps in all but a few things, and those noted.
class Comparison {
 public:
  Comparison(const std::string& step, std::vector<VersionChange>& changes)
      : step_(step), changes_(changes) {}

  // Whether they are the same.
  template <typename T>
  bool Of(Kind kind, std::string_view key, const T& before, const T& after) {
    return Is(before == after, kind, FromTo(key, Text(before), Text(after)));
  }
  bool Is(bool same, Kind kind, std::string what) {
    if (!same) changes_.push_back({kind, step_, std::move(what)});
    return same;
  }

 private:
  const std::string& step_;
  std::vector<VersionChange>& changes_;
};

void CompareSettings(const StepTemplate& before, const StepTemplate& after, Comparison& compare) {
  compare.Is(before.handler_config == after.handler_config, Kind::kSettings, "handler_config");
  compare.Of(Kind::kSettings, "retryable", before.retryable, after.retryable);
  compare.Of(Kind::kSettings, "retry_limit", before.retry_limit, after.retry_limit);
  compare.Is(SameCurve(before.retry_curve, after.retry_curve), Kind::kSettings, "retry");
  compare.Is(before.non_retryable == after.non_retryable, Kind::kSettings, "retry.non_retryable");
  const StepTimeouts& was = before.timeouts;
  const StepTimeouts& is = after.timeouts;
  compare.Of(Kind::kSettings, "timeouts.schedule_to_start", was.schedule_to_start,
             is.schedule_to_start);
  compare.Of(Kind::kSettings, "timeouts.start_to_close", was.start_to_close, is.start_to_close);
  compare.Of(Kind::kSettings, "timeouts.heartbeat", was.heartbeat, is.heartbeat);
  compare.Of(Kind::kSettings, "sticky", before.sticky, after.sticky);
}

bool CompareWait(const std::optional<Wait>& before, const std::optional<Wait>& after,
                 Comparison& compare) {
  if (!before || !after) return true;
  const bool duration = compare.Of(Kind::kFlow, "wait", before->duration, after->duration);
  const bool until = compare.Is(SameText(before->until, after->until), Kind::kFlow, "wait_until");
  const bool timeout = compare.Of(Kind::kFlow, "timeout", before->timeout, after->timeout);
  return duration && until && timeout;
}

bool CompareSubTask(const std::optional<SubTask>& before, const std::optional<SubTask>& after,
                    Comparison& compare) {
  if (!before || !after) return true;
  const auto name = [](const SubTask& of) { return absl::StrCat(of.namespace_name, ".", of.name); };
  const bool same = compare.Of(Kind::kFlow, "sub_task", name(*before), name(*after));
  compare.Of(Kind::kFlow, "sub_task.version", before->version, after->version);
  compare.Is(SameText(before->context, after->context), Kind::kFlow, "sub_task.context");
  return same;
}

}  // namespace

std::string KindOf(const TaskTemplate& of, const StepTemplate& step) {
  std::string kind = "done by a handler";
  if (step.wait) {
    kind = step.wait->signal.empty()
               ? "a wait"
               : absl::StrCat("a wait for the signal `", step.wait->signal, "`");
  } else if (step.sub_task) {
    kind = "a sub-task";
  } else if (step.choice != nullptr) {
    kind = "a decision";
  }
  if (step.for_each) absl::StrAppend(&kind, " for each of some items");
  if (step.on_failure) absl::StrAppend(&kind, " on failure");
  if (step.compensates) {
    absl::StrAppend(&kind, " that compensates `", of.steps[Raw(*step.compensates)].name, "`");
  }
  return kind;
}

VersionDiff::VersionDiff(TaskTemplatePtr from, TaskTemplatePtr to)
    : from_(std::move(from)),
      to_(std::move(to)),
      after_(from_->steps.size()),
      pairs_(to_->steps.size()) {
  absl::flat_hash_map<std::string_view, StepIndex> by_name;
  for (std::uint32_t i = 0; i < from_->steps.size(); ++i) {
    by_name.emplace(from_->steps[i].name, StepIndex{i});
  }
  keeps_places_ = from_->steps.size() == to_->steps.size();
  for (std::uint32_t i = 0; i < to_->steps.size(); ++i) {
    const auto before = by_name.find(to_->steps[i].name);
    if (before == by_name.end()) {
      keeps_places_ = false;
      continue;
    }
    after_[Raw(before->second)] = StepIndex{i};
    keeps_places_ = keeps_places_ && before->second == StepIndex{i};
    pairs_[i] = Pair(before->second, StepIndex{i});
  }
  Compare();
}

void VersionDiff::Compare() {
  const std::string whole;
  Comparison compare(whole, changes_);
  compare.Of(Kind::kTemplate, "concurrent", from_->concurrent, to_->concurrent);
  compare.Of(Kind::kTemplate, "deadline", from_->deadline, to_->deadline);
  compare.Is(
      from_->running_steps_max == to_->running_steps_max, Kind::kTemplate,
      FromTo("max_running_steps", Limit(from_->running_steps_max), Limit(to_->running_steps_max)));
}

StepPair VersionDiff::Pair(StepIndex before, StepIndex after) const {
  const StepTemplate& was = from_->steps[Raw(before)];
  const StepTemplate& is = to_->steps[Raw(after)];
  StepPair pair{.before = before, .after = after, .changes = {}};
  Comparison compare(is.name, pair.changes);
  const std::string kind_before = KindOf(*from_, was);
  const std::string kind_after = KindOf(*to_, is);
  pair.same_kind = compare.Is(kind_before == kind_after, Kind::kKind,
                              absl::StrCat(kind_before, " -> ", kind_after));
  const std::vector<std::string> parents_before = Names(*from_, was.parents);
  const std::vector<std::string> parents_after = Names(*to_, is.parents);
  pair.same_parents =
      compare.Is(parents_before == parents_after, Kind::kDependencies,
                 FromTo("depends on", Listed(parents_before), Listed(parents_after)));
  compare.Of(Kind::kHandler, "handler_class", was.handler_class, is.handler_class);
  compare.Is(was.labels == is.labels, Kind::kHandler, "labels");
  pair.same_when = compare.Is(SameText(was.when, is.when), Kind::kFlow, "when");
  const std::vector<std::string> branches_before = Names(*from_, was.branches);
  const std::vector<std::string> branches_after = Names(*to_, is.branches);
  const bool same_branches =
      compare.Is(branches_before == branches_after, Kind::kFlow,
                 FromTo("branches", Listed(branches_before), Listed(branches_after)));
  pair.same_choice = same_branches && SameText(was.choice, is.choice);
  if (was.for_each && is.for_each) {
    compare.Is(SameText(was.for_each->items, is.for_each->items), Kind::kFlow, "for_each.items");
    compare.Is(was.for_each->concurrency == is.for_each->concurrency, Kind::kFlow,
               FromTo("for_each.concurrency", Limit(was.for_each->concurrency),
                      Limit(is.for_each->concurrency)));
  }
  pair.same_wait = CompareWait(was.wait, is.wait, compare);
  pair.same_sub_task = CompareSubTask(was.sub_task, is.sub_task, compare);
  CompareSettings(was, is, compare);
  return pair;
}

}  // namespace tasker::engine
