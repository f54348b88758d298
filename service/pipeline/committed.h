// What has become durable and may leave the house.
#pragma once

#include <memory>

#include "engine/effects.h"
#include "storage/store.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {

// The events of one commit; shared, since several subscribers read the same.
using EventBatchPtr = std::shared_ptr<const storage::v1::EventBatchRecord>;

// The effects of one commit, records and events taken out.
struct Committed {
  storage::PartitionId partition{};
  storage::Sequence sequence{};
  engine::Effects effects;
  // Null if the commit had none.
  EventBatchPtr events;
};

// Sends effects where they belong. Called by one thread at a time, in commit order: must neither
// block nor throw.
class EffectSink {
 public:
  virtual ~EffectSink() = default;
  virtual void Release(Committed committed) = 0;
};

}  // namespace tasker::service
