// What cannot happen unless this program is wrong.
#pragma once

#include <cstdlib>

namespace tasker::engine {

// Ends the process at once if `holds` is false. A wrong state must never become a durable one: what
// is stored is still right, and a restart goes on from there. Never for input of any kind.
inline void Invariant(bool holds) {
  if (!holds) [[unlikely]] {
    std::abort();
  }
}

}  // namespace tasker::engine
