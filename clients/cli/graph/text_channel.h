// Lines between two layers of a picture made of characters.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace tasker::cli {

// Steps of one layer that lead to exactly the same ones of the next: one bundle of lines.
struct ChannelNet {
  // Where lines come from above, and where they go below, in cells.
  std::vector<int> sources;
  std::vector<int> targets;
  // The row in which the bundle goes to the side; nullopt: straight down.
  std::optional<int> row;

  int left() const;
  int right() const;
};

// Gives every net that needs one a row so that no two lie over each other: neither in a row, nor
// in a column where one comes down from above and another goes on below. Returns the number of
// rows, or nullopt if lines would have to wind around each other.
std::optional<int> AssignRows(std::vector<ChannelNet>& nets);

}  // namespace tasker::cli
