// What lies behind each step, and which dependencies say nothing new.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/analysis/step_graph.h"

namespace tasker::config {

// A dependency that others imply: `edge.to` depends on `edge.from` already through `via`, a child
// of `edge.from`.
struct ImpliedEdge {
  StepEdge edge;
  std::uint32_t via = 0;

  bool operator==(const ImpliedEdge&) const = default;
};

// Nobody reads more of them, and finding out through what each is implied costs time.
inline constexpr std::size_t kImpliedMax = 1000;

// What Reach found.
struct Reachability {
  // For each step, how many others depend on it, directly or not: so many a failure holds up.
  std::vector<std::uint32_t> behind;
  // The first kImpliedMax that were met, by `from`, then by `to`.
  std::vector<ImpliedEdge> implied;
  // How many there are in all.
  std::uint64_t implied_count = 0;
};

// Looks at all ways through `graph`. A way through a step that `not_through` has true is none for
// `implied` (empty: all count). Takes steps * edges / 64 machine words of work: 20 ms for 10,000
// steps and 100,000 edges; beyond kReachWorkMax the answer is nullopt. Memory: 64 bytes a step.
std::optional<Reachability> Reach(const StepGraph& graph, const std::vector<bool>& not_through);

// In machine words: some tenths of a second.
inline constexpr std::uint64_t kReachWorkMax = std::uint64_t{1} << 27U;

}  // namespace tasker::config
