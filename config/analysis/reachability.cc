#include "config/analysis/reachability.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

namespace tasker::config {
namespace {

constexpr std::uint32_t kWords = 8;
constexpr std::uint32_t kColumns = 64 * kWords;

// Which of kColumns steps, next to each other in the graph's order, can be reached.
using Bits = std::array<std::uint64_t, kWords>;

void Add(Bits& bits, const Bits& other) {
  for (std::uint32_t i = 0; i < kWords; ++i) bits[i] |= other[i];
}

bool Has(const Bits& bits, std::uint32_t column) {
  return (bits[column / 64] >> (column % 64) & 1U) != 0;
}

// Goes over the graph once for each kColumns steps of its order, from the back.
class Walk {
 public:
  Walk(const StepGraph& graph, const std::vector<bool>& not_through)
      : graph_(graph),
        not_through_(not_through),
        // The two differ only where some steps do not count as being between.
        filtered_(std::ranges::find(not_through, true) != not_through.end()),
        place_(graph.size()),
        reached_(graph.size()),
        between_(filtered_ ? graph.size() : 0) {
    for (std::uint32_t i = 0; i < graph.size(); ++i) place_[graph.order()[i]] = i;
    found_.behind.assign(graph.size(), 0);
  }

  Reachability Run() {
    for (std::uint32_t begin = 0; begin < graph_.size(); begin += kColumns) Pass(begin);
    std::ranges::sort(found_.implied, [](const ImpliedEdge& a, const ImpliedEdge& b) {
      return a.edge.from != b.edge.from ? a.edge.from < b.edge.from : a.edge.to < b.edge.to;
    });
    return std::move(found_);
  }

 private:
  // What a step's children lead to, without the children themselves.
  void Gather(std::uint32_t step, std::vector<Bits>& rows, bool filter, Bits& beyond) const {
    for (const std::uint32_t child : graph_.ChildrenOf(step)) {
      if (place_[child] >= end_ || (filter && not_through_[child])) continue;
      Add(beyond, rows[child]);
    }
  }

  void AddChildren(std::uint32_t step, Bits& row) const {
    for (const std::uint32_t child : graph_.ChildrenOf(step)) {
      if (!IsColumn(child)) continue;
      const std::uint32_t column = place_[child] - begin_;
      row[column / 64] |= std::uint64_t{1} << (column % 64);
    }
  }

  bool IsColumn(std::uint32_t step) const { return place_[step] >= begin_ && place_[step] < end_; }

  void Pass(std::uint32_t begin) {
    begin_ = begin;
    end_ = std::min(begin + kColumns, graph_.size());
    // What comes later in the order reaches none of the columns.
    for (std::uint32_t i = end_; i-- > 0;) {
      const std::uint32_t step = graph_.order()[i];
      Bits& row = reached_[step];
      row = {};
      Gather(step, reached_, false, row);
      if (filtered_) {
        Bits& between = between_[step];
        between = {};
        Gather(step, between_, true, between);
        FindImplied(step, between, between_);
        AddChildren(step, between);
      } else {
        FindImplied(step, row, reached_);
      }
      AddChildren(step, row);
      for (const std::uint64_t word : row) {
        found_.behind[step] += static_cast<std::uint32_t>(std::popcount(word));
      }
    }
  }

  void FindImplied(std::uint32_t step, const Bits& beyond, const std::vector<Bits>& rows) {
    for (const std::uint32_t child : graph_.ChildrenOf(step)) {
      if (!IsColumn(child) || !Has(beyond, place_[child] - begin_)) continue;
      if (++found_.implied_count > kImpliedMax) continue;
      const std::span<const std::uint32_t> children = graph_.ChildrenOf(step);
      const auto via = std::ranges::find_if(children, [&](std::uint32_t other) {
        return place_[other] < end_ && !(filtered_ && not_through_[other]) &&
               Has(rows[other], place_[child] - begin_);
      });
      found_.implied.push_back({{step, child}, *via});
    }
  }

  const StepGraph& graph_;
  const std::vector<bool>& not_through_;
  const bool filtered_;
  std::vector<std::uint32_t> place_;
  std::vector<Bits> reached_;
  std::vector<Bits> between_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  Reachability found_;
};

}  // namespace

std::optional<Reachability> Reach(const StepGraph& graph, const std::vector<bool>& not_through) {
  const std::uint64_t columns = (std::uint64_t{graph.size()} + 63) / 64;
  if (columns * (graph.size() + graph.edge_count()) > kReachWorkMax) return std::nullopt;
  return Walk(graph, not_through).Run();
}

}  // namespace tasker::config
