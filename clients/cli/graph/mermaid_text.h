// A picture as Mermaid's text.
#pragma once

#include <string>

#include "clients/cli/graph/picture.h"

namespace tasker::cli {

// From this many edges or bytes on Mermaid refuses, unless the page that shows the picture allows
// more (`maxEdges`, `maxTextSize`).
inline constexpr std::size_t kMermaidEdgesMax = 500;
inline constexpr std::size_t kMermaidBytesMax = 50'000;

// A `flowchart`, drawn by Mermaid 9 and later. In text, all but letters, digits and a few marks is
// written as Mermaid's character entities, so that nothing in a name is taken for syntax, a
// directive, markup or a formula.
std::string MermaidText(const Picture& picture);

}  // namespace tasker::cli
