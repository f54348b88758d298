// How a watched task is shown while it runs.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"

#include "clients/cli/console.h"
#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// What task_watch tells of. Implementations write to a console that must outlive them.
class WatchDisplay {
 public:
  virtual ~WatchDisplay() = default;
  // The task as it stands at `now`, after a change.
  virtual void Update(const v1::Task& task, absl::Time now) = 0;
  // `tick_interval()` has passed without a change.
  virtual void Tick(absl::Time now) = 0;
  // What stands between the viewer and the service; empty: nothing any more.
  virtual void SetNotice(const std::string& notice) = 0;
  // The time between calls of Tick.
  virtual absl::Duration tick_interval() const = 0;
};

// Redraws in place on a terminal, and turns with the time.
std::unique_ptr<WatchDisplay> MakeLiveDisplay(Console& console);

// One line for each change, for files and pipes.
std::unique_ptr<WatchDisplay> MakeLogDisplay(Console& console);

// Shows nothing: for JSON, where the end is all that is printed.
std::unique_ptr<WatchDisplay> MakeSilentDisplay();

}  // namespace tasker::cli
