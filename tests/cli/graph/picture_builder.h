// Pictures for tests, in as few words as possible.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clients/cli/graph/picture.h"

namespace tasker::cli {

// Steps by their names, and edges between their numbers.
Picture MakePicture(const std::vector<std::string>& names,
                    const std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges);

// Names that would be something else than names to a terminal, XML, Mermaid or Graphviz.
std::vector<std::string> HostileNames();

// Every kind of step, a decision, an undoing, and a critical path through some.
Picture FlowPicture();

}  // namespace tasker::cli
