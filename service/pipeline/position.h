// Where in the log a commit stands, as callers are told.
#pragma once

#include "storage/store.h"
#include "tasker/v1/position.pb.h"

namespace tasker::service {

inline void SetPosition(storage::PartitionId partition, storage::Sequence sequence,
                        v1::Position& position) {
  position.set_partition(Raw(partition));
  position.set_sequence(Raw(sequence));
}

}  // namespace tasker::service
