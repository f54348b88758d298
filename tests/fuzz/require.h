// What a target finds.
#pragma once

#include <cstdlib>

namespace tasker::fuzz {

// Ends the process, so that the fuzzer keeps the input, if `holds` is false.
inline void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace tasker::fuzz
