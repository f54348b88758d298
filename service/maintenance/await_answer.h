// What the runner is asked for, waited for.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"

#include "service/pipeline/partition_runner.h"

namespace tasker::service {

// Calls `ask` with a completion and waits until that is called: returns the answer. Waiting for
// each commit is what keeps maintenance from crowding out the engine. Not for threads that a
// completion needs: those of partition and commit.
template <typename Ask>
absl::Status AwaitAnswer(Ask&& ask) {
  absl::Status result;
  absl::Notification answered;
  ask([&](const absl::Status& answer, storage::Sequence) {
    result = answer;
    answered.Notify();
  });
  answered.WaitForNotification();
  return result;
}

}  // namespace tasker::service
