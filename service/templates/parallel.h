// Work that can be cut into independent pieces.
#pragma once

#include <cstddef>
#include <functional>

namespace tasker::service {

// How many threads the loading of many templates is worth while nothing else is to be done.
int LoadThreads();

// Calls `work(i)` once for each i below `count`, on the caller's thread and on up to `threads - 1`
// others, named `template-load`, which have ended when it returns. `work` must not throw.
void ForEachInParallel(std::size_t count, int threads,
                       const std::function<void(std::size_t)>& work);

}  // namespace tasker::service
