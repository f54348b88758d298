// Where the program reads and writes, so that tests can stand in for a terminal.
#pragma once

#include <functional>
#include <istream>
#include <ostream>

namespace tasker::cli {

// In character cells.
struct TerminalSize {
  int width = 80;
  int height = 24;
};

// The program's three streams and what is known of the terminal behind them.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // Whether `out` is a terminal that understands ANSI sequences.
  bool out_is_terminal = false;
  // Whether colours are wanted there.
  bool color = false;
  // Asked before every redraw, since terminals are resized. Only called if `out_is_terminal`.
  std::function<TerminalSize()> size = [] { return TerminalSize{}; };
};

}  // namespace tasker::cli
