// The second half of a layered drawing: where on its layer each vertex stands.
#pragma once

#include <span>
#include <vector>

#include "clients/cli/graph/layers.h"

namespace tasker::cli {

// How much room vertices take along their layer, in whatever the drawing is measured in.
struct LayerRoom {
  // Of each node.
  std::span<const double> widths;
  // Of a bend.
  double bend_width = 0;
  // Between two neighbours; of which one is a bend.
  double gap = 0;
  double bend_gap = 0;
};

// The middle of each vertex along its layer, from 0 on, the order of each layer kept: near the
// middle of its neighbours, without overlaps, and long edges as straight as can be. O(vertices +
// segments) a sweep, of which there is a fixed number.
std::vector<double> PlaceAlongLayers(const Layers& layers, const LayerRoom& room);

}  // namespace tasker::cli
