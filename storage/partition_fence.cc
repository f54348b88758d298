#include "storage/partition_fence.h"

#include "tasker/storage/v1/records.pb.h"

namespace tasker::storage {

std::string PartitionState::Encode() const {
  v1::PartitionRecord record;
  record.set_epoch(Raw(epoch));
  record.set_sequence(Raw(sequence));
  return record.SerializeAsString();
}

std::optional<PartitionState> PartitionState::Decode(std::string_view bytes) {
  v1::PartitionRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  return PartitionState{Epoch{record.epoch()}, Sequence{record.sequence()}};
}

}  // namespace tasker::storage
