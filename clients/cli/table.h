// Aligned columns.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tasker::cli {

// Rows under headings, each column as wide as its widest cell. Cells may hold anything: control
// characters are escaped here.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  // Precondition: as many cells as there are headings. An empty cell is shown as `-`.
  void AddRow(std::vector<std::string> cells);

  // One line per row, headings first, without blanks at the end of lines.
  void Print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> widths_;
};

}  // namespace tasker::cli
