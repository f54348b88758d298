#include "clients/cli/table.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

#include "clients/cli/terminal_text.h"

namespace tasker::cli {

Table::Table(std::vector<std::string> headings) : widths_(headings.size(), 0) {
  AddRow(std::move(headings));
}

void Table::AddRow(std::vector<std::string> cells) {
  assert(cells.size() == widths_.size());
  for (std::size_t column = 0; column < cells.size(); ++column) {
    cells[column] = cells[column].empty() ? "-" : EscapeControls(cells[column]);
    widths_[column] = std::max(widths_[column], DisplayWidth(cells[column]));
  }
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) const {
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column + 1 < row.size(); ++column) {
      out << PadRight(row[column], widths_[column]) << "  ";
    }
    out << row.back() << '\n';
  }
}

}  // namespace tasker::cli
