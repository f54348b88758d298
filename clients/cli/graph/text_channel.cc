#include "clients/cli/graph/text_channel.h"

#include <algorithm>
#include <map>

namespace tasker::cli {
namespace {

struct Span {
  int left;
  int right;
};

bool Meet(const Span& a, const Span& b) { return a.left <= b.right && b.left <= a.right; }

}  // namespace

int ChannelNet::left() const {
  return std::min(*std::ranges::min_element(sources), *std::ranges::min_element(targets));
}

int ChannelNet::right() const {
  return std::max(*std::ranges::max_element(sources), *std::ranges::max_element(targets));
}

std::optional<int> AssignRows(std::vector<ChannelNet>& nets) {
  // above[n]: nets whose row must be above that of n, as they come down where n goes on.
  std::vector<std::vector<std::size_t>> below(nets.size());
  std::vector<std::size_t> above_count(nets.size(), 0);
  std::multimap<int, std::size_t> sources;
  for (std::size_t i = 0; i < nets.size(); ++i) {
    for (const int column : nets[i].sources) sources.emplace(column, i);
  }
  for (std::size_t i = 0; i < nets.size(); ++i) {
    for (const int column : nets[i].targets) {
      const auto [begin, end] = sources.equal_range(column);
      for (auto source = begin; source != end; ++source) {
        if (source->second == i) continue;
        below[source->second].push_back(i);
        ++above_count[i];
      }
    }
  }
  std::vector<std::size_t> ready;
  std::vector<int> first(nets.size(), 0);
  for (std::size_t i = 0; i < nets.size(); ++i) {
    if (above_count[i] == 0) ready.push_back(i);
  }
  std::vector<std::vector<Span>> rows;
  std::size_t done = 0;
  for (; done < ready.size(); ++done) {
    ChannelNet& net = nets[ready[done]];
    const Span span{net.left(), net.right()};
    int row = first[ready[done]];
    if (span.left < span.right) {
      const auto taken = [&](int at) {
        return std::ranges::any_of(rows[static_cast<std::size_t>(at)],
                                   [&](const Span& other) { return Meet(span, other); });
      };
      while (row < static_cast<int>(rows.size()) && taken(row)) ++row;
      if (row == static_cast<int>(rows.size())) rows.emplace_back();
      rows[static_cast<std::size_t>(row)].push_back(span);
      net.row = row;
    }
    for (const std::size_t next : below[ready[done]]) {
      first[next] = std::max(first[next], row + 1);
      if (--above_count[next] == 0) ready.push_back(next);
    }
  }
  if (done < nets.size()) return std::nullopt;
  return static_cast<int>(rows.size());
}

}  // namespace tasker::cli
