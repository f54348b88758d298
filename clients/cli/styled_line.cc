#include "clients/cli/styled_line.h"

#include <limits>

#include "absl/strings/str_cat.h"

#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

std::string_view Sequence(Style style) {
  switch (style) {
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kCyan:
      return "\x1b[36m";
    case Style::kPlain:
      break;
  }
  return "";
}

std::string WithoutTrailingBlanks(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

StyledLine& StyledLine::Add(std::string_view text, Style style) {
  if (!text.empty()) parts_.push_back({std::string(text), style});
  return *this;
}

std::string StyledLine::ToString(int width, bool color) const {
  int left = width > 0 ? width : std::numeric_limits<int>::max();
  std::string result;
  std::size_t count = parts_.size();
  while (count > 0 && WithoutTrailingBlanks(parts_[count - 1].text).empty()) --count;
  for (std::size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    const int needed = DisplayWidth(parts_[i].text);
    // A part that fits exactly with more to come must still give a cell to the ellipsis.
    const bool cut = needed > left || (needed == left && !last);
    std::string text = parts_[i].text;
    if (needed > left) text = CutToWidth(text, left);
    if (needed == left && !last) text = CutToWidth(absl::StrCat(text, "  "), left);
    if (last || cut) text = WithoutTrailingBlanks(text);
    if (color && parts_[i].style != Style::kPlain && !text.empty()) {
      result.append(Sequence(parts_[i].style)).append(text).append("\x1b[0m");
    } else {
      result += text;
    }
    if (cut) break;
    left -= needed;
  }
  return result;
}

}  // namespace tasker::cli
