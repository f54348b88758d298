#include "clients/cli/graph/layers.h"

#include <algorithm>
#include <span>

namespace tasker::cli {
namespace {

std::span<const PictureEdge> EdgesFrom(const Picture& picture, std::size_t& next,
                                       std::uint32_t node) {
  const std::size_t begin = next;
  while (next < picture.edges.size() && picture.edges[next].from == node) ++next;
  return std::span(picture.edges).subspan(begin, next - begin);
}

std::vector<std::uint32_t> LayersOf(const Picture& picture) {
  std::vector<config::StepEdge> edges;
  edges.reserve(picture.edges.size());
  for (const PictureEdge& edge : picture.edges) edges.push_back({edge.from, edge.to});
  const config::StepGraph graph(static_cast<std::uint32_t>(picture.nodes.size()), edges);
  std::vector<std::uint32_t> layer_of(picture.nodes.size());
  bool only_on_failure = true;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    only_on_failure = only_on_failure && picture.nodes[i].kind == NodeKind::kOnFailure;
  }
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const bool apart = picture.nodes[i].kind == NodeKind::kOnFailure && !only_on_failure;
    layer_of[i] = apart ? graph.level_count() : graph.LevelOf(i);
  }
  return layer_of;
}

// The most layers that an edge may pass, so that all bends together stay within kBendsMax.
std::uint32_t LongestSpan(const Picture& picture, const std::vector<std::uint32_t>& layer_of) {
  // bends[s]: how many more it takes to let edges span s layers and not only s - 1.
  std::vector<std::uint64_t> bends(picture.nodes.size() + 2, 0);
  std::size_t next = 0;
  std::vector<std::uint32_t> spans;
  for (std::uint32_t node = 0; node < picture.nodes.size(); ++node) {
    spans.clear();
    for (const PictureEdge& edge : EdgesFrom(picture, next, node)) {
      spans.push_back(layer_of[edge.to] - layer_of[edge.from]);
    }
    std::ranges::sort(spans);
    // Each span that is allowed lengthens the node's way from the last one.
    std::uint32_t last = 1;
    for (const std::uint32_t span : spans) {
      if (span > last) bends[span] += span - last;
      last = std::max(last, span);
    }
  }
  std::uint64_t total = 0;
  for (std::uint32_t span = 0; span < bends.size(); ++span) {
    total += bends[span];
    if (total > kBendsMax) return span - 1;
  }
  return static_cast<std::uint32_t>(bends.size());
}

// Gives all that can be reached from a vertex, either way, the same number.
void FindParts(Layers& made) {
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  made.part_of.assign(made.layer_of.size(), kNone);
  std::vector<std::uint32_t> left;
  for (std::uint32_t first = 0; first < made.part_of.size(); ++first) {
    if (made.part_of[first] != kNone) continue;
    made.part_of[first] = made.part_count;
    left.push_back(first);
    while (!left.empty()) {
      const std::uint32_t vertex = left.back();
      left.pop_back();
      for (const auto others : {made.graph.ParentsOf(vertex), made.graph.ChildrenOf(vertex)}) {
        for (const std::uint32_t other : others) {
          if (made.part_of[other] != kNone) continue;
          made.part_of[other] = made.part_count;
          left.push_back(other);
        }
      }
    }
    ++made.part_count;
  }
}

class Maker {
 public:
  explicit Maker(const Picture& picture) : picture_(picture) {
    made_.node_count = static_cast<std::uint32_t>(picture.nodes.size());
    made_.layer_of = LayersOf(picture);
  }

  Layers Make() {
    const std::uint32_t span_max = LongestSpan(picture_, made_.layer_of);
    std::size_t next = 0;
    for (std::uint32_t node = 0; node < made_.node_count; ++node) {
      way_ = {node};
      for (const PictureEdge& edge : EdgesFrom(picture_, next, node)) {
        if (made_.layer_of[edge.to] - made_.layer_of[node] > span_max) {
          made_.free_edges.push_back(edge);
        } else {
          Lead(edge);
        }
      }
    }
    std::vector<config::StepEdge> edges;
    edges.reserve(made_.segments.size());
    for (const Layers::Segment& segment : made_.segments)
      edges.push_back({segment.from, segment.to});
    made_.graph = config::StepGraph(static_cast<std::uint32_t>(made_.layer_of.size()), edges);
    FindParts(made_);
    made_.layers.resize(made_.layer_of.empty() ? 0 : *std::ranges::max_element(made_.layer_of) + 1);
    for (std::uint32_t vertex = 0; vertex < made_.layer_of.size(); ++vertex) {
      made_.layers[made_.layer_of[vertex]].push_back(vertex);
    }
    return std::move(made_);
  }

 private:
  // `way_` is the node and its bends so far, `pieces_` the segments between them.
  void Lead(const PictureEdge& edge) {
    const std::size_t span = made_.layer_of[edge.to] - made_.layer_of[edge.from];
    while (way_.size() < span) {
      const auto bend = static_cast<std::uint32_t>(made_.layer_of.size());
      made_.layer_of.push_back(made_.layer_of[way_.back()] + 1);
      made_.bend_of.push_back(edge.from);
      pieces_.resize(way_.size());
      pieces_.back() = made_.segments.size();
      made_.segments.push_back({way_.back(), bend, edge.kind, false});
      way_.push_back(bend);
    }
    for (std::size_t i = 0; i + 1 < span; ++i) {
      Layers::Segment& piece = made_.segments[pieces_[i]];
      if (piece.kind != edge.kind) piece.kind = EdgeKind::kDependency;
      piece.critical = piece.critical || edge.critical;
    }
    made_.segments.push_back({way_[span - 1], edge.to, edge.kind, edge.critical});
  }

  const Picture& picture_;
  Layers made_;
  std::vector<std::uint32_t> way_;
  std::vector<std::size_t> pieces_;
};

}  // namespace

Layers MakeLayers(const Picture& picture) { return Maker(picture).Make(); }

}  // namespace tasker::cli
