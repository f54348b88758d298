#include "config/step_ancestry.h"

#include <cstdint>
#include <unordered_map>

namespace tasker::config {
namespace {

using engine::StepIndex;

// Every step behind all of its parents.
std::vector<StepIndex> TopologicalOrder(const engine::ParentLists& parents) {
  const engine::Dag graph(parents);
  std::vector<std::uint32_t> missing(parents.size());
  std::vector<StepIndex> order;
  order.reserve(parents.size());
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    missing[i] = graph.ParentCountOf(StepIndex{i});
    if (missing[i] == 0) order.push_back(StepIndex{i});
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const StepIndex child : graph.ChildrenOf(order[next])) {
      if (--missing[Raw(child)] == 0) order.push_back(child);
    }
  }
  return order;
}

}  // namespace

std::vector<bool> AreAncestors(const engine::ParentLists& parents,
                               std::span<const AncestryQuestion> questions) {
  constexpr std::size_t kBits = 64;
  // Each step that is asked about gets a bit of a block.
  std::unordered_map<std::uint32_t, std::size_t> bits;
  for (const AncestryQuestion& question : questions) {
    bits.try_emplace(Raw(question.ancestor), bits.size());
  }
  std::vector<bool> answers(questions.size(), false);
  if (questions.empty()) return answers;
  const std::vector<StepIndex> order = TopologicalOrder(parents);
  for (std::size_t first = 0; first < bits.size(); first += kBits) {
    // Of each step: itself, if it is asked about in this block; then those above it as well.
    std::vector<std::uint64_t> own(parents.size(), 0);
    for (const auto& [step, bit] : bits) {
      if (bit >= first && bit < first + kBits) own[step] = std::uint64_t{1} << (bit - first);
    }
    std::vector<std::uint64_t> above(parents.size(), 0);
    for (const StepIndex step : order) {
      for (const StepIndex parent : parents[Raw(step)]) {
        above[Raw(step)] |= above[Raw(parent)] | own[Raw(parent)];
      }
    }
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const std::uint64_t asked = own[Raw(questions[i].ancestor)];
      if (asked != 0) answers[i] = (above[Raw(questions[i].step)] & asked) != 0;
    }
  }
  return answers;
}

}  // namespace tasker::config
