// The events of one task, found by its history.
#pragma once

#include "absl/status/status.h"
#include <google/protobuf/repeated_ptr_field.h>

#include "engine/model/ids.h"
#include "storage/store.h"
#include "tasker/v1/event.pb.h"

namespace tasker::service {

// Adds the events of `task` that stand in the commit `sequence` of its partition's log, in order;
// none if retention has removed them. Error: DATA_LOSS: the row cannot be read.
absl::Status AddEventsOf(const engine::TaskId& task, storage::PartitionId partition,
                         storage::Sequence sequence, storage::Snapshot& snapshot,
                         google::protobuf::RepeatedPtrField<v1::Event>& events);

}  // namespace tasker::service
