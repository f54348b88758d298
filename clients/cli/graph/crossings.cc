#include <algorithm>
#include <span>

#include "clients/cli/graph/layers.h"

namespace tasker::cli {
namespace {

using Numbers = std::vector<std::uint32_t>;

// Segments looked at in all sweeps together.
constexpr std::uint64_t kWorkMax = 20'000'000;
constexpr std::uint64_t kSweepsMax = 40;
// Sweeps without a better result after which none is expected.
constexpr int kPatience = 6;
// Up to so many segments, neighbours are also tried the other way round, pair by pair.
constexpr std::size_t kSwapSegmentsMax = 2'000;

// In how many pairs of `values` the first is greater than the second: Fenwick's tree over
// `[0, bound)`.
std::uint64_t CountInversions(std::span<const std::uint32_t> values, std::uint32_t bound) {
  Numbers tree(bound + 1, 0);
  std::uint64_t inversions = 0;
  std::uint64_t seen = 0;
  for (const std::uint32_t value : values) {
    std::uint64_t not_greater = 0;
    for (std::uint32_t i = value + 1; i > 0; i -= i & (~i + 1)) not_greater += tree[i];
    inversions += seen++ - not_greater;
    for (std::uint32_t i = value + 1; i <= bound; i += i & (~i + 1)) ++tree[i];
  }
  return inversions;
}

class Sweeper {
 public:
  explicit Sweeper(Layers& layers) : layers_(layers), place_(layers.layer_of.size()) {
    for (std::size_t i = 0; i < layers.layers.size(); ++i) Number(i);
  }

  // Begins with what follows each other side by side, so that parts that do not belong together
  // do not mix.
  void OrderByDepth() {
    std::vector<bool> seen(layers_.layer_of.size(), false);
    for (Numbers& layer : layers_.layers) layer.clear();
    Numbers left;
    for (std::uint32_t root = 0; root < layers_.layer_of.size(); ++root) {
      if (!layers_.graph.ParentsOf(root).empty()) continue;
      left.push_back(root);
      while (!left.empty()) {
        const std::uint32_t vertex = left.back();
        left.pop_back();
        if (seen[vertex]) continue;
        seen[vertex] = true;
        layers_.layers[layers_.layer_of[vertex]].push_back(vertex);
        const auto children = layers_.graph.ChildrenOf(vertex);
        left.insert(left.end(), children.rbegin(), children.rend());
      }
    }
    for (std::size_t i = 0; i < layers_.layers.size(); ++i) Number(i);
  }

  void Down() {
    for (std::size_t i = 1; i < layers_.layers.size(); ++i) Sort(i, true);
  }

  void Up() {
    for (std::size_t i = layers_.layers.size(); i-- > 0;) Sort(i, false);
  }

  // Swaps neighbours where that takes crossings away.
  void Swap() {
    for (Numbers& layer : layers_.layers) {
      for (std::size_t j = 0; j + 1 < layer.size(); ++j) {
        if (CrossingsOf(layer[j], layer[j + 1]) <= CrossingsOf(layer[j + 1], layer[j])) continue;
        std::swap(layer[j], layer[j + 1]);
        std::swap(place_[layer[j]], place_[layer[j + 1]]);
      }
    }
  }

  std::uint64_t Count() const {
    std::uint64_t crossings = 0;
    Numbers ends;
    for (std::size_t i = 0; i + 1 < layers_.layers.size(); ++i) {
      ends.clear();
      for (const std::uint32_t vertex : layers_.layers[i]) {
        const std::size_t begin = ends.size();
        for (const std::uint32_t child : layers_.graph.ChildrenOf(vertex)) {
          ends.push_back(place_[child]);
        }
        std::sort(ends.begin() + static_cast<std::ptrdiff_t>(begin), ends.end());
      }
      crossings += CountInversions(ends, static_cast<std::uint32_t>(layers_.layers[i + 1].size()));
    }
    return crossings;
  }

 private:
  void Number(std::size_t layer) {
    const Numbers& vertices = layers_.layers[layer];
    for (std::uint32_t i = 0; i < vertices.size(); ++i) place_[vertices[i]] = i;
  }

  // By the middle of each vertex's parents or children; what has none stays about where it is.
  void Sort(std::size_t layer, bool by_parents) {
    Numbers& vertices = layers_.layers[layer];
    middle_.resize(place_.size());
    for (const std::uint32_t vertex : vertices) {
      const auto others =
          by_parents ? layers_.graph.ParentsOf(vertex) : layers_.graph.ChildrenOf(vertex);
      double sum = 0;
      for (const std::uint32_t other : others) sum += Share(other);
      middle_[vertex] = others.empty() ? Share(vertex) : sum / static_cast<double>(others.size());
    }
    std::ranges::stable_sort(
        vertices, [this](std::uint32_t a, std::uint32_t b) { return middle_[a] < middle_[b]; });
    Number(layer);
  }

  // How far along its layer a vertex stands, 0 to 1, so that layers of different sizes compare.
  double Share(std::uint32_t vertex) const {
    const std::size_t size = layers_.layers[layers_.layer_of[vertex]].size();
    return (place_[vertex] + 0.5) / static_cast<double>(size);
  }

  // Crossings between the segments of two neighbours, `left` standing left of `right`.
  std::uint64_t CrossingsOf(std::uint32_t left, std::uint32_t right) {
    return Between(layers_.graph.ParentsOf(left), layers_.graph.ParentsOf(right)) +
           Between(layers_.graph.ChildrenOf(left), layers_.graph.ChildrenOf(right));
  }

  std::uint64_t Between(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right) {
    std::uint64_t crossings = 0;
    for (const std::uint32_t a : left) {
      for (const std::uint32_t b : right) crossings += place_[a] > place_[b] ? 1 : 0;
    }
    return crossings;
  }

  Layers& layers_;
  Numbers place_;
  std::vector<double> middle_;
};

}  // namespace

std::uint64_t CountCrossings(const Layers& layers) {
  Layers copy = layers;
  return Sweeper(copy).Count();
}

void ReduceCrossings(Layers& layers) {
  Sweeper sweeper(layers);
  sweeper.OrderByDepth();
  std::uint64_t fewest = sweeper.Count();
  std::vector<Numbers> best = layers.layers;
  const bool small = layers.segments.size() <= kSwapSegmentsMax;
  const std::uint64_t sweeps =
      std::clamp<std::uint64_t>(kWorkMax / (layers.segments.size() + 1), 2, kSweepsMax);
  int patience = kPatience;
  for (std::uint64_t i = 0; i < sweeps && patience > 0 && fewest > 0; ++i) {
    i % 2 == 0 ? sweeper.Down() : sweeper.Up();
    if (small) sweeper.Swap();
    const std::uint64_t crossings = sweeper.Count();
    --patience;
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = layers.layers;
    patience = kPatience;
  }
  layers.layers = std::move(best);
  // Takes no crossing in: none is between parts.
  for (Numbers& layer : layers.layers) {
    std::ranges::stable_sort(layer, {},
                             [&](std::uint32_t vertex) { return layers.part_of[vertex]; });
  }
}

}  // namespace tasker::cli
