// Layers, crossings and places hold for any graph.
#include <algorithm>
#include <cstdint>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/graph/layers.h"
#include "clients/cli/graph/places.h"
#include "tests/cli/graph/picture_builder.h"

namespace tasker::cli {
namespace {

// Below `bound`.
std::uint32_t Draw(std::mt19937& chance, std::uint32_t bound) {
  return static_cast<std::uint32_t>(chance() % bound);
}

Picture RandomPicture(std::mt19937& chance, std::uint32_t nodes, unsigned edges) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, bool> there;
  for (unsigned i = 0; i < edges && nodes > 1; ++i) {
    const std::uint32_t a = Draw(chance, nodes);
    const std::uint32_t b = Draw(chance, nodes);
    if (a != b) there[{std::min(a, b), std::max(a, b)}] = true;
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> list;
  for (const auto& [edge, yes] : there) list.push_back(edge);
  return MakePicture(std::vector<std::string>(nodes, "step"), list);
}

// Pair by pair.
std::uint64_t CrossingsByHand(const Layers& layers) {
  std::vector<std::size_t> place(layers.layer_of.size());
  for (const auto& layer : layers.layers) {
    for (std::size_t i = 0; i < layer.size(); ++i) place[layer[i]] = i;
  }
  std::uint64_t crossings = 0;
  for (const Layers::Segment& a : layers.segments) {
    for (const Layers::Segment& b : layers.segments) {
      if (layers.layer_of[a.from] != layers.layer_of[b.from]) continue;
      crossings += place[a.from] < place[b.from] && place[a.to] > place[b.to] ? 1 : 0;
    }
  }
  return crossings;
}

TEST(Layers, LeadEveryEdgeFromLayerToLayer) {
  std::mt19937 chance(1);
  for (int round = 0; round < 100; ++round) {
    const Picture picture = RandomPicture(chance, 1 + Draw(chance, 40), Draw(chance, 80));
    const Layers layers = MakeLayers(picture);
    for (const Layers::Segment& segment : layers.segments) {
      EXPECT_EQ(layers.layer_of[segment.from] + 1, layers.layer_of[segment.to]);
    }
    EXPECT_TRUE(layers.free_edges.empty());
    // Each edge ends in a segment of its own, which comes from its node or from a bend of it.
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> led;
    for (const Layers::Segment& segment : layers.segments) {
      if (layers.is_bend(segment.to)) continue;
      const std::uint32_t source = layers.is_bend(segment.from)
                                       ? layers.bend_of[segment.from - layers.node_count]
                                       : segment.from;
      ++led[{source, segment.to}];
    }
    EXPECT_EQ(led.size(), picture.edges.size());
    for (const PictureEdge& edge : picture.edges) EXPECT_EQ((led[{edge.from, edge.to}]), 1);
  }
}

TEST(Layers, CountCrossingsAndMakeThemFewerWithoutMixingParts) {
  std::mt19937 chance(2);
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  for (int round = 0; round < 60; ++round) {
    Layers layers = MakeLayers(RandomPicture(chance, 1 + Draw(chance, 40), Draw(chance, 70)));
    EXPECT_EQ(CountCrossings(layers), CrossingsByHand(layers));
    before += CountCrossings(layers);
    const auto sorted = [](std::vector<std::vector<std::uint32_t>> all) {
      for (auto& layer : all) std::ranges::sort(layer);
      return all;
    };
    const auto vertices = sorted(layers.layers);
    ReduceCrossings(layers);
    EXPECT_EQ(sorted(layers.layers), vertices);
    EXPECT_EQ(CountCrossings(layers), CrossingsByHand(layers));
    after += CountCrossings(layers);
    for (const auto& layer : layers.layers) {
      EXPECT_TRUE(std::ranges::is_sorted(layer, {}, [&](auto v) { return layers.part_of[v]; }));
    }
  }
  EXPECT_LT(after * 2, before);
}

TEST(Layers, OfATreeHaveNoCrossings) {
  // The children of i are 3i + 1 to 3i + 3.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t i = 1; i < 40; ++i) edges.push_back({(i - 1) / 3, i});
  Layers layers = MakeLayers(MakePicture(std::vector<std::string>(40, "s"), edges));
  ReduceCrossings(layers);
  EXPECT_EQ(CountCrossings(layers), 0u);
}

TEST(Layers, NeedNoMoreBendsThanAllowed) {
  // A chain of 700 steps, each of which all later ones depend on: as many bends as edges.
  constexpr std::uint32_t kSteps = 700;
  Picture picture;
  picture.nodes.resize(kSteps);
  for (std::uint32_t from = 0; from < kSteps; ++from) {
    for (std::uint32_t to = from + 1; to < kSteps; ++to) picture.edges.push_back({from, to});
  }
  const Layers layers = MakeLayers(picture);
  EXPECT_LE(layers.bend_of.size(), kBendsMax);
  std::size_t ends = 0;
  for (const auto& segment : layers.segments) ends += layers.is_bend(segment.to) ? 0 : 1;
  EXPECT_EQ(ends + layers.free_edges.size(), picture.edges.size());
  EXPECT_FALSE(layers.free_edges.empty());
}

TEST(Layers, PutWhatRunsOnFailureBelowAll) {
  const Layers layers = MakeLayers(FlowPicture());
  EXPECT_EQ(layers.layer_of[6], 4u);
  EXPECT_EQ(layers.layers.size(), 5u);
}

TEST(PlaceAlongLayers, KeepsOrderAndDistance) {
  std::mt19937 chance(3);
  for (int round = 0; round < 100; ++round) {
    Layers layers = MakeLayers(RandomPicture(chance, 1 + Draw(chance, 40), Draw(chance, 70)));
    ReduceCrossings(layers);
    std::vector<double> widths(layers.node_count);
    for (double& width : widths) width = 1 + Draw(chance, 20);
    const LayerRoom room{.widths = widths, .bend_width = 1, .gap = 3, .bend_gap = 2};
    const std::vector<double> places = PlaceAlongLayers(layers, room);
    const auto half = [&](std::uint32_t v) { return (layers.is_bend(v) ? 1 : widths[v]) / 2; };
    for (const auto& layer : layers.layers) {
      for (std::size_t i = 0; i < layer.size(); ++i) {
        EXPECT_GE(places[layer[i]] - half(layer[i]), -1e-6);
        if (i == 0) continue;
        const bool bend = layers.is_bend(layer[i - 1]) || layers.is_bend(layer[i]);
        EXPECT_GE(places[layer[i]] - half(layer[i]) - places[layer[i - 1]] - half(layer[i - 1]),
                  (bend ? 2 : 3) - 1e-6);
      }
    }
  }
}

TEST(PlaceAlongLayers, MakesChainsStraightAndForksEven) {
  Layers chain = MakeLayers(MakePicture({"a", "b", "c"}, {{0, 1}, {1, 2}}));
  const std::vector<double> widths = {10, 30, 20, 10};
  const LayerRoom room{.widths = widths, .gap = 5};
  for (const double place : PlaceAlongLayers(chain, room)) EXPECT_NEAR(place, 15, 0.01);
  Layers fork = MakeLayers(MakePicture({"a", "b", "c", "d"}, {{0, 1}, {0, 2}, {0, 3}}));
  const std::vector<double> places = PlaceAlongLayers(fork, room);
  EXPECT_NEAR(places[0], places[2], 5);
}

}  // namespace
}  // namespace tasker::cli
