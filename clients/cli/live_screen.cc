#include "clients/cli/live_screen.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

// Our own lines hold no other sequences than colours, which end with `m`.
int WidthWithoutColors(const std::string& line) {
  std::string plain;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      i = std::min(line.find('m', i), line.size());
    } else {
      plain += line[i];
    }
  }
  return DisplayWidth(plain);
}

}  // namespace

void LiveScreen::Draw(const std::vector<std::string>& lines, int width) {
  int rows_up = 0;
  for (const int drawn : drawn_widths_) rows_up += std::max(1, (drawn + width - 1) / width);
  // One write, so that no half-drawn state is ever on the screen.
  std::string frame;
  if (rows_up > 0) absl::StrAppend(&frame, "\x1b[", rows_up, "A\r");
  drawn_widths_.clear();
  for (const auto& line : lines) {
    absl::StrAppend(&frame, line, "\x1b[K\n");
    drawn_widths_.push_back(WidthWithoutColors(line));
  }
  absl::StrAppend(&frame, "\x1b[J");
  console_.out << frame << std::flush;
}

}  // namespace tasker::cli
