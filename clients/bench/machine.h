// On what it was measured.
#pragma once

#include <string>

namespace tasker::bench {

// `2 cores of MODEL, 23 GB of memory, Linux 6.1`.
std::string DescribeMachine();

}  // namespace tasker::bench
