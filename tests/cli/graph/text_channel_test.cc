// Lines between two layers never lie over each other.
#include "clients/cli/graph/text_channel.h"

#include <cstdint>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace tasker::cli {
namespace {

// Below `bound`.
std::uint32_t Draw(std::mt19937& chance, std::uint32_t bound) {
  return static_cast<std::uint32_t>(chance() % bound);
}

TEST(AssignRows, NeedsNoneForLinesStraightDown) {
  std::vector<ChannelNet> nets = {{{3}, {3}, {}}, {{9}, {9}, {}}};
  EXPECT_EQ(AssignRows(nets), 0);
  EXPECT_FALSE(nets[0].row.has_value());
}

TEST(AssignRows, SharesARowBetweenNetsThatAreApart) {
  std::vector<ChannelNet> nets = {{{0}, {4}, {}}, {{8}, {12}, {}}, {{2}, {10}, {}}};
  EXPECT_EQ(AssignRows(nets), 2);
  EXPECT_EQ(nets[0].row, nets[1].row);
}

TEST(AssignRows, PutsALineThatComesDownAboveOneThatGoesOnThere) {
  // The first goes to column 5, where the second comes from.
  std::vector<ChannelNet> nets = {{{0}, {5}, {}}, {{5}, {9}, {}}};
  EXPECT_EQ(AssignRows(nets), 2);
  EXPECT_LT(*nets[1].row, *nets[0].row);
}

TEST(AssignRows, RefusesLinesThatWouldWindAroundEachOther) {
  std::vector<ChannelNet> nets = {{{0}, {5}, {}}, {{5}, {0}, {}}};
  EXPECT_EQ(AssignRows(nets), std::nullopt);
}

// Whatever a net covers, cell by cell, no other one covers in the same way.
TEST(AssignRows, KeepsRandomNetsApart) {
  std::mt19937 chance(1);
  for (int round = 0; round < 300; ++round) {
    std::set<int> used_above;
    std::set<int> used_below;
    std::vector<ChannelNet> nets(1 + Draw(chance, 6));
    for (ChannelNet& net : nets) {
      const auto fill = [&](std::set<int>& used, std::vector<int>& to) {
        const std::size_t count = 1 + Draw(chance, 3);
        while (to.size() < count) {
          const int column = static_cast<int>(Draw(chance, 40));
          if (used.insert(column).second) to.push_back(column);
        }
      };
      fill(used_above, net.sources);
      fill(used_below, net.targets);
    }
    const std::optional<int> rows = AssignRows(nets);
    if (!rows) continue;
    std::set<std::pair<int, int>> down;
    std::set<std::pair<int, int>> across;
    for (const ChannelNet& net : nets) {
      std::set<std::pair<int, int>> own;
      const int row = net.row.value_or(0);
      EXPECT_LE(row, *rows);
      for (const int column : net.sources) {
        for (int r = -1; r < row; ++r) own.insert({column, r});
      }
      for (const int column : net.targets) {
        for (int r = row; r <= *rows; ++r) own.insert({column, r});
      }
      for (const auto& cell : own) EXPECT_TRUE(down.insert(cell).second);
      if (!net.row) continue;
      for (int column = net.left(); column <= net.right(); ++column) {
        EXPECT_TRUE(across.insert({column, row}).second);
      }
    }
  }
}

}  // namespace
}  // namespace tasker::cli
