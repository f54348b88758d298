// What a template's author may want to think about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/analysis/reachability.h"
#include "engine/model/task_template.h"

namespace tasker::config {

struct TemplateAnalysis;

// What an advice is about.
enum class AdviceKind : std::uint8_t {
  // The waits on one way alone take longer than the task's `deadline`.
  kDeadlineTooShort,
  // A step of the critical path is tried once only.
  kNoRetryOnCriticalPath,
  // All work passes through one step where branches meet or part.
  kEverythingWaitsForOneStep,
  // Many steps, one after the other.
  kLongChain,
  // A dependency that others imply.
  kImpliedDependency,
  // Steps could run side by side, but `concurrent: false` or `max_running_steps` keeps them from
  // it.
  kParallelismUnused,
  // One step waits for very many.
  kWideJoin,
  // A handler that hangs would hold up the task for ever.
  kNoTimeoutOnCriticalPath,
};

// Chains from this length on are long, and joins from this many parents on are wide.
inline constexpr std::uint32_t kLongChain = 50;
inline constexpr std::uint32_t kWideJoin = 100;

// One thought.
struct Advice {
  AdviceKind kind{};
  // Some of the steps concerned, at most kAdviceStepsMax, as numbers in the template.
  std::vector<std::uint32_t> steps;
  // How many it concerns in all.
  std::uint64_t concerned = 0;
  // For people: what is so, and what could be done. Names steps as they are, unescaped.
  std::string message;
};

inline constexpr std::size_t kAdviceStepsMax = 20;

// All there is to say, in the order of AdviceKind, at most one for each kind, but for implied
// dependencies, of which the first kAdviceStepsMax have one each. `analysis` is complete but for
// `advice`.
std::vector<Advice> AdviseOn(const engine::TaskTemplate& analyzed, const TemplateAnalysis& analysis,
                             const std::optional<Reachability>& reach);

}  // namespace tasker::config
