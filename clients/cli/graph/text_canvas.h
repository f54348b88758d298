// Text and lines on a grid of cells, for pictures made of characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tasker::cli {

// With which characters lines are drawn. Names keep the characters that they have.
enum class TextStyle : std::uint8_t { kAscii, kUnicode };

// Rows of cells that are drawn on in any order. Nothing drawn may lie outside of it.
class TextCanvas {
 public:
  // The ways that a line leaves a cell; added up where lines meet.
  enum Way : std::uint8_t { kUp = 1, kDown = 2, kLeft = 4, kRight = 8 };

  TextCanvas(int width, int height);

  // Lines of one `owner` that meet in a cell are joined; of two, the one from top to bottom goes
  // over the other. Owners are not 0.
  void AddLine(int column, int row, std::uint8_t ways, std::uint32_t owner);
  // From `top` to `bottom`, both included.
  void AddVertical(int column, int top, int bottom, std::uint32_t owner);
  // From the middle of `left` to the middle of `right`.
  void AddHorizontal(int row, int left, int right, std::uint32_t owner);

  // What stands over lines. `text` is escaped.
  void Write(int column, int row, std::string_view text);

  // Appends all rows, without blanks at their ends.
  void Print(TextStyle style, std::string& out) const;

 private:
  struct Cell {
    std::uint8_t ways = 0;
    std::uint32_t across_owner = 0;
    std::uint32_t down_owner = 0;
    // Whether one owner's line turns here: then all that meets here leads to the same.
    bool joined = false;
    // Over the line; of wide characters the second cell holds nothing.
    std::string text;
    bool covered = false;
  };

  Cell& At(int column, int row) {
    return cells_[static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) +
                  static_cast<std::size_t>(column)];
  }

  int width_;
  std::vector<Cell> cells_;
};

}  // namespace tasker::cli
