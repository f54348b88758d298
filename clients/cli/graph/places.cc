#include "clients/cli/graph/places.h"

#include <algorithm>
#include <limits>

namespace tasker::cli {
namespace {

constexpr int kSweeps = 24;

// A run of vertices that stand as close as they may, moved as one.
struct Block {
  double sum;  // of weight times wish
  double weight;
  std::size_t size;

  double middle() const { return sum / weight; }
};

class Placer {
 public:
  Placer(const Layers& layers, const LayerRoom& room)
      : layers_(layers), room_(room), x_(layers.layer_of.size(), 0) {
    for (const auto& layer : layers_.layers) {
      double x = 0;
      for (std::size_t i = 0; i < layer.size(); ++i) {
        if (i > 0) x += Distance(layer[i - 1], layer[i]);
        x_[layer[i]] = x;
      }
      for (const std::uint32_t vertex : layer) x_[vertex] -= x / 2;
    }
  }

  std::vector<double> Place() {
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for (std::size_t i = 0; i < layers_.layers.size(); ++i) Align(i, true, false);
      for (std::size_t i = layers_.layers.size(); i-- > 0;) Align(i, false, true);
    }
    // In the end both sides count, so that neither joins nor forks stand askew.
    for (int sweep = 0; sweep < 2; ++sweep) {
      for (std::size_t i = 0; i < layers_.layers.size(); ++i) Align(i, true, true);
      for (std::size_t i = layers_.layers.size(); i-- > 0;) Align(i, true, true);
    }
    Pack();
    return std::move(x_);
  }

 private:
  // Parts have drifted apart: moves each as far to the left as those before it allow.
  void Pack() {
    // How far each layer is taken.
    std::vector<double> taken(layers_.layers.size(), 0);
    std::vector<std::vector<std::uint32_t>> parts(layers_.part_count);
    for (std::uint32_t i = 0; i < x_.size(); ++i) parts[layers_.part_of[i]].push_back(i);
    for (const std::vector<std::uint32_t>& part : parts) {
      double shift = -std::numeric_limits<double>::infinity();
      for (const std::uint32_t vertex : part) {
        const double left = x_[vertex] - Width(vertex) / 2;
        shift = std::max(shift, taken[layers_.layer_of[vertex]] - left);
      }
      for (const std::uint32_t vertex : part) x_[vertex] += shift;
      for (const std::uint32_t vertex : part) {
        double& end = taken[layers_.layer_of[vertex]];
        end = std::max(end, x_[vertex] + Width(vertex) / 2 + room_.gap);
      }
    }
  }

  double Width(std::uint32_t vertex) const {
    return layers_.is_bend(vertex) ? room_.bend_width : room_.widths[vertex];
  }

  double Distance(std::uint32_t left, std::uint32_t right) const {
    const bool bend = layers_.is_bend(left) || layers_.is_bend(right);
    return (Width(left) + Width(right)) / 2 + (bend ? room_.bend_gap : room_.gap);
  }

  // What it would cost to have a segment between the two slanted: long edges are to be straight.
  double Pull(std::uint32_t a, std::uint32_t b) const {
    const int bends = (layers_.is_bend(a) ? 1 : 0) + (layers_.is_bend(b) ? 1 : 0);
    return bends == 2 ? 8 : bends == 1 ? 2 : 1;
  }

  // The places of a layer that are nearest to the wishes of its vertices, by least squares, in the
  // order that it has: pool adjacent violators. Shifted by what stands left of it, each vertex may
  // be anywhere not left of its left neighbour.
  void Align(std::size_t index, bool to_parents, bool to_children) {
    const std::vector<std::uint32_t>& layer = layers_.layers[index];
    std::vector<Block>& blocks = blocks_;
    blocks.clear();
    double shift = 0;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) shift += Distance(layer[i - 1], layer[i]);
      Block block = Wish(layer[i], to_parents, to_children);
      block.sum -= block.weight * shift;
      while (!blocks.empty() && blocks.back().middle() > block.middle()) {
        block.sum += blocks.back().sum;
        block.weight += blocks.back().weight;
        block.size += blocks.back().size;
        blocks.pop_back();
      }
      blocks.push_back(block);
    }
    std::size_t next = 0;
    shift = 0;
    for (const Block& block : blocks) {
      for (std::size_t i = 0; i < block.size; ++i, ++next) {
        if (next > 0) shift += Distance(layer[next - 1], layer[next]);
        x_[layer[next]] = block.middle() + shift;
      }
    }
  }

  Block Wish(std::uint32_t vertex, bool to_parents, bool to_children) const {
    Block wish{0, 0, 1};
    const auto pull = [&](std::uint32_t other) {
      const double weight = Pull(vertex, other);
      wish.sum += weight * x_[other];
      wish.weight += weight;
    };
    if (to_parents) std::ranges::for_each(layers_.graph.ParentsOf(vertex), pull);
    if (to_children) std::ranges::for_each(layers_.graph.ChildrenOf(vertex), pull);
    // What has no neighbours there would rather stay.
    constexpr double kStay = 0.01;
    if (wish.weight == 0) wish = {kStay * x_[vertex], kStay, 1};
    return wish;
  }

  const Layers& layers_;
  const LayerRoom& room_;
  std::vector<double> x_;
  std::vector<Block> blocks_;
};

}  // namespace

std::vector<double> PlaceAlongLayers(const Layers& layers, const LayerRoom& room) {
  return Placer(layers, room).Place();
}

}  // namespace tasker::cli
