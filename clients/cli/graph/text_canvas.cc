#include "clients/cli/graph/text_canvas.h"

#include <array>

#include "clients/cli/utf8.h"

namespace tasker::cli {
namespace {

// By the sum of a cell's ways.
constexpr std::array<std::string_view, 16> kUnicodeLines = {" ", "│", "│", "│", "─", "┘", "┐", "┤",
                                                            "─", "└", "┌", "├", "─", "┴", "┬", "┼"};
constexpr std::array<std::string_view, 16> kAsciiLines = {" ", "|", "|", "|", "-", "+", "+", "+",
                                                          "-", "+", "+", "+", "-", "+", "+", "+"};

constexpr std::uint8_t kAcross = TextCanvas::kLeft | TextCanvas::kRight;
constexpr std::uint8_t kVertical = TextCanvas::kUp | TextCanvas::kDown;

}  // namespace

TextCanvas::TextCanvas(int width, int height)
    : width_(width), cells_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}

void TextCanvas::AddLine(int column, int row, std::uint8_t ways, std::uint32_t owner) {
  Cell& cell = At(column, row);
  cell.ways |= ways;
  if ((ways & kAcross) != 0) cell.across_owner = owner;
  if ((ways & kVertical) != 0) cell.down_owner = owner;
  cell.joined = cell.joined || cell.across_owner == cell.down_owner;
}

void TextCanvas::AddVertical(int column, int top, int bottom, std::uint32_t owner) {
  for (int row = top; row <= bottom; ++row) AddLine(column, row, kVertical, owner);
}

void TextCanvas::AddHorizontal(int row, int left, int right, std::uint32_t owner) {
  for (int column = left; column <= right; ++column) {
    std::uint8_t ways = 0;
    if (column > left) ways |= kLeft;
    if (column < right) ways |= kRight;
    AddLine(column, row, ways, owner);
  }
}

void TextCanvas::Write(int column, int row, std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    const int width = CellWidth(DecodeUtf8(text, position).value_or(U'?'));
    if (width == 0 && column > 0) {
      At(column - 1, row).text.append(text.substr(start, position - start));
      continue;
    }
    for (int i = 0; i < width; ++i) {
      Cell& cell = At(column + i, row);
      cell.covered = true;
      cell.text = i == 0 ? std::string(text.substr(start, position - start)) : "";
    }
    column += width;
  }
}

void TextCanvas::Print(TextStyle style, std::string& out) const {
  const auto& lines = style == TextStyle::kUnicode ? kUnicodeLines : kAsciiLines;
  const auto width = static_cast<std::size_t>(width_);
  for (std::size_t begin = 0; begin < cells_.size(); begin += width) {
    std::string row;
    for (std::size_t i = begin; i < begin + width; ++i) {
      const Cell& cell = cells_[i];
      std::uint8_t ways = cell.ways;
      const bool crossing = (ways & kAcross) != 0 && (ways & kVertical) != 0 && !cell.joined;
      if (crossing) ways = kVertical;
      row += cell.covered ? std::string_view(cell.text) : lines.at(ways);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    out.append(row).append("\n");
  }
}

}  // namespace tasker::cli
