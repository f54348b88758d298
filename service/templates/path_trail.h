// Where a change could make a path lead elsewhere.
#pragma once

#include <string>
#include <vector>

namespace tasker::service {

// A folder, and a name in it that a path goes through.
struct TrailStop {
  std::string folder;
  std::string name;

  bool operator==(const TrailStop&) const = default;
};

// Each name on the way from the root to what `path` stands for, in order, symbolic links followed:
// of `/mnt/tasks` with `tasks -> ..data/tasks` and `..data -> ..v1` these are `mnt` in `/`, `tasks`
// and `..data` in `/mnt`, `..v1` in `/mnt` and `tasks` in `/mnt/..v1`. The last is there even if
// nothing of that name is; what would lie beyond a name that is not there is left out. After 40
// links, as the kernel does, the way ends. `path` may be relative to the working folder.
std::vector<TrailStop> PathTrail(const std::string& path);

}  // namespace tasker::service
