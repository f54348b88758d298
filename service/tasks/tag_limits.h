// How many labels a task may have, and how long.
#pragma once

#include <cstddef>

namespace tasker::service {

inline constexpr int kTagsMax = 32;
inline constexpr std::size_t kTagBytesMax = 128;

}  // namespace tasker::service
