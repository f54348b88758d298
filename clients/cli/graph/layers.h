// The first half of a layered drawing: which layer each step is on, and how edges get there.
#pragma once

#include <cstdint>
#include <vector>

#include "clients/cli/graph/picture.h"
#include "config/analysis/step_graph.h"

namespace tasker::cli {

// A layered drawing before it has places. Its vertices are the picture's nodes, by their numbers,
// and behind them bends: what an edge passes on a layer between its ends. All edges that leave a
// node share one way, from which each turns off a layer before its end; so a node has at most one
// bend on a layer, whatever the number of its edges.
struct Layers {
  // A straight piece from a vertex to one on the next layer.
  struct Segment {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    // Of the edges that pass here: their kind if they are of one, and whether any is critical.
    EdgeKind kind = EdgeKind::kDependency;
    bool critical = false;
  };

  std::uint32_t node_count = 0;
  // Of each vertex.
  std::vector<std::uint32_t> layer_of;
  // Of each bend, from vertex `node_count` on: the node whose edges it belongs to.
  std::vector<std::uint32_t> bend_of;
  std::vector<Segment> segments;
  // Edges that pass no bends: too many would be needed. Drawn as the crow flies.
  std::vector<PictureEdge> free_edges;
  // The segments as a graph of the vertices.
  config::StepGraph graph;
  // The vertices of each layer, left to right.
  std::vector<std::vector<std::uint32_t>> layers;
  // Of each vertex: the part of the drawing it belongs to. No segments lead from part to part.
  // Parts are numbered from 0 by their first nodes.
  std::vector<std::uint32_t> part_of;
  std::uint32_t part_count = 0;

  bool is_bend(std::uint32_t vertex) const { return vertex >= node_count; }
};

// No drawing has more, whatever the number of its edges.
inline constexpr std::uint32_t kBendsMax = 100'000;

// Steps on the layer of their level, what runs only after a failure of its own below all; within
// layers in the order of the picture. O(steps + edges + bends), and a factor of their logarithm.
Layers MakeLayers(const Picture& picture);

// Orders each layer so that parts do not mix and few segments cross: barycenters of neighbours,
// down and up in turn, as long as it gets better and within a bound of work (under a second).
// Deterministic.
void ReduceCrossings(Layers& layers);

// How many pairs of segments cross.
std::uint64_t CountCrossings(const Layers& layers);

}  // namespace tasker::cli
