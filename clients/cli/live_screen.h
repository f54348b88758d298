// Lines that are redrawn in place.
#pragma once

#include <string>
#include <vector>

#include "clients/cli/console.h"

namespace tasker::cli {

// Draws below what the terminal showed before, which stays in its scrollback. The cursor is left
// below the lines and never hidden, so that a program ended in between leaves a usable terminal.
class LiveScreen {
 public:
  explicit LiveScreen(Console& console) : console_(console) {}

  // Replaces the lines drawn before by `lines`, none of which may be wider than `width` cells.
  void Draw(const std::vector<std::string>& lines, int width);

 private:
  Console& console_;
  // Cells of each line drawn last: when the terminal becomes narrower, it wraps them.
  std::vector<int> drawn_widths_;
};

}  // namespace tasker::cli
