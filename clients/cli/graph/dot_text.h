// A picture as text for Graphviz.
#pragma once

#include <string>

#include "clients/cli/graph/picture.h"

namespace tasker::cli {

// A `digraph` for `dot`. Of large ones `dot` is asked to try less hard, as it would take minutes.
std::string DotText(const Picture& picture);

}  // namespace tasker::cli
