// The tasks as they are, for a stream that begins with them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/tasks/task_reader.h"
#include "storage/store.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// Reads them page by page, newest first, each page as of a moment of its own: a reader that takes
// its time holds on to nothing of the store. Tasks created meanwhile are left out; events tell of
// them. For one thread at a time.
class TaskSnapshot {
 public:
  struct Source {
    storage::Store* store = nullptr;
    const TaskReader* tasks = nullptr;
  };

  // `start`: where the events begin that follow. What `source` points to must outlive it.
  TaskSnapshot(Source source, EventFilter filter, bool open_only, EventCursor start)
      : source_(source), filter_(std::move(filter)), open_only_(open_only), start_(start) {}

  // The next page as it is sent; perhaps without tasks, since each looks at a bounded number. Not
  // after the last, which says `snapshot_complete`. Errors: what the store answers; DATA_LOSS.
  absl::StatusOr<v1::SubscribeResponse> NextPage();

  bool complete() const { return complete_; }
  const EventCursor& start() const { return start_; }
  const EventFilter& filter() const { return filter_; }

 private:
  absl::Status ReadCreated(storage::Snapshot& snapshot, v1::SubscribeResponse& page);
  absl::Status ReadNamed(storage::Snapshot& snapshot, v1::SubscribeResponse& page);
  absl::Status AddIfWanted(storage::Snapshot& snapshot, const engine::TaskId& id,
                           v1::SubscribeResponse& page);
  // Sorts the tasks that the filter names, newest first.
  absl::Status FindNamed(storage::Snapshot& snapshot);

  const Source source_;
  const EventFilter filter_;
  const bool open_only_;
  const EventCursor start_;
  bool complete_ = false;
  // Of the table `created`: the last key that was looked at; empty: none yet.
  std::string last_key_;
  // With a filter that names tasks: those that are left, the next one last.
  bool found_ = false;
  std::vector<engine::TaskId> named_;
};

}  // namespace tasker::service
