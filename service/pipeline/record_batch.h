// From the engine's record writes to the store's keys.
#pragma once

#include <cstdint>

#include "engine/effects.h"
#include "storage/batch.h"
#include "storage/store.h"

namespace tasker::service {

// Adds `write` to `batch`, which will be committed by `partition` as `sequence`. History rows are
// put in order by the sequence and by `history_rows`, which counts those of one commit and is
// raised here.
void AddRecord(const engine::RecordWrite& write, storage::PartitionId partition,
               storage::Sequence sequence, std::uint32_t& history_rows, storage::Batch& batch);

}  // namespace tasker::service
