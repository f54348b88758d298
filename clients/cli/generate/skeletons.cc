#include "clients/cli/generate/skeletons.h"

#include <algorithm>
#include <cassert>

namespace tasker::cli::generate {

std::string_view SkeletonText(std::string_view name) {
  const auto all = Skeletons();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Skeleton& one) { return one.name == name; });
  assert(found != all.end());
  return found == all.end() ? std::string_view() : found->text;
}

}  // namespace tasker::cli::generate
