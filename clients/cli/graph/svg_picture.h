// A picture as SVG.
#pragma once

#include <string>
#include <string_view>

#include "clients/cli/graph/picture.h"

namespace tasker::cli {

// Where the work goes.
enum class Direction : std::uint8_t {
  // Whichever makes the picture nearer to a page.
  kAuto,
  kDown,
  kRight,
};

// One self-contained document: no fonts, scripts or style sheets from elsewhere. Layers of steps,
// curved edges, a legend of what occurs. Names are cut at some forty cells, with the whole as a
// tooltip; text is escaped for XML, and what XML cannot hold is written out (`\x1b`).
// Deterministic.
std::string DrawSvg(const Picture& picture, Direction direction);

}  // namespace tasker::cli
