// A line of coloured parts that can be cut to a width without cutting a colour in two.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tasker::cli {

enum class Style { kPlain, kBold, kDim, kGreen, kRed, kYellow, kCyan };

class StyledLine {
 public:
  // Appends `text`, which must be escaped already.
  StyledLine& Add(std::string_view text, Style style = Style::kPlain);

  // The line in at most `width` cells (0: as long as it is), without blanks at its end; ANSI
  // colours only if `color`.
  std::string ToString(int width, bool color) const;

 private:
  struct Part {
    std::string text;
    Style style;
  };
  std::vector<Part> parts_;
};

}  // namespace tasker::cli
