// The colours of pictures, one table for all formats that have colours.
#pragma once

#include <span>
#include <string_view>

#include "clients/cli/graph/picture.h"

namespace tasker::cli {

// How a box looks.
struct Paint {
  // A word, for style sheets.
  std::string_view name;
  // As `#rrggbb`.
  std::string_view fill;
  std::string_view line;
  // Lengths of dashes and gaps of the line; empty: unbroken.
  std::string_view dashes = "";
};

// Of a step in `state`; of templates, whose steps have none, by their kind. States have the fill,
// kinds the shape: both can be seen at once.
const Paint& PaintOf(v1::StepState state, NodeKind kind);

// All that PaintOf gives.
std::span<const Paint> Paints();

// The line of the critical path, and of what undoes.
inline constexpr std::string_view kCriticalColor = "#ea580c";
inline constexpr std::string_view kUndoColor = "#e11d48";

}  // namespace tasker::cli
