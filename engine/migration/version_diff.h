// What differs between two versions of a template, step by step. Steps are the same if they have
// the same name, wherever they stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/ids.h"
#include "engine/model/task_template.h"

namespace tasker::engine {

// One difference, in words for a person. Values that may hold secrets are never in them.
struct VersionChange {
  enum class Kind : std::uint8_t {
    // A step that only the new version has, or only the old one.
    kStepAdded,
    kStepRemoved,
    // The step is of another kind: what a handler did is a wait, and the like.
    kKind,
    // It depends on other steps.
    kDependencies,
    // Handlers of another class, or with other labels, do it.
    kHandler,
    // Its condition, branches, items, times to wait or what it runs.
    kFlow,
    // How it is tried and what its handler is told: retries, timeouts, handler_config.
    kSettings,
    // Of the template as a whole.
    kTemplate,
  };

  Kind kind{};
  // Empty: the template as a whole.
  std::string step;
  // As in `retry_limit: 3 -> 5`; empty for steps added and removed.
  std::string what;
};

// A step of the new version that the old one has, too.
struct StepPair {
  StepIndex before{};
  StepIndex after{};
  std::vector<VersionChange> changes;
  // A step that has run cannot become one of another kind. A sub-task of another template is one,
  // as long as it runs.
  bool same_kind = true;
  bool same_sub_task = true;
  bool same_parents = true;
  bool same_when = true;
  // The choice of a decision, and what it chooses among.
  bool same_choice = true;
  // How long, until when, or up to when for a signal, it waits.
  bool same_wait = true;
};

// Immutable.
class VersionDiff {
 public:
  // Two versions of one template. Time: proportional to their steps and dependencies.
  VersionDiff(TaskTemplatePtr from, TaskTemplatePtr to);

  const TaskTemplate& from() const { return *from_; }
  const TaskTemplatePtr& to() const { return to_; }

  // The step's place in the new version, nullopt if that does not have it; and in the old one.
  std::optional<StepIndex> After(StepIndex before) const { return after_[Raw(before)]; }
  std::optional<StepIndex> Before(StepIndex after) const {
    const StepPair* pair = PairAt(after);
    return pair == nullptr ? std::nullopt : std::optional(pair->before);
  }

  // The pair that a step of the new version is in; null if the old one does not have it.
  const StepPair* PairAt(StepIndex after) const {
    const std::optional<StepPair>& pair = pairs_[Raw(after)];
    return pair ? &*pair : nullptr;
  }

  // Whether every step keeps its place.
  bool keeps_places() const { return keeps_places_; }

  // Of the template as a whole.
  const std::vector<VersionChange>& changes() const { return changes_; }

 private:
  void Compare();
  StepPair Pair(StepIndex before, StepIndex after) const;

  TaskTemplatePtr from_;
  TaskTemplatePtr to_;
  std::vector<std::optional<StepIndex>> after_;
  // By the new version's steps.
  std::vector<std::optional<StepPair>> pairs_;
  std::vector<VersionChange> changes_;
  bool keeps_places_ = true;
};

// The kind of a step, in words: `done by a handler`, `a wait for the signal `go``.
std::string KindOf(const TaskTemplate& of, const StepTemplate& step);

}  // namespace tasker::engine
