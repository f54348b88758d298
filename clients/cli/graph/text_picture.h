// A picture made of characters.
#pragma once

#include <optional>
#include <string>

#include "clients/cli/graph/picture.h"
#include "clients/cli/graph/text_canvas.h"

namespace tasker::cli {

// How to draw.
struct TextPictureOptions {
  TextStyle style = TextStyle::kUnicode;
  // Cells a line may take, at least kTextWidthMin.
  int width = 80;
};

inline constexpr int kTextWidthMin = 40;

// Boxes and lines where they fit into the width, else a list by level. Text from the picture is
// escaped for a terminal. Deterministic.
std::string DrawText(const Picture& picture, const TextPictureOptions& options);

// The two by themselves. Nullopt: does not fit.
std::optional<std::string> DrawTextBoxes(const Picture& picture, const TextPictureOptions& options);
std::string DrawTextList(const Picture& picture, const TextPictureOptions& options);

}  // namespace tasker::cli
