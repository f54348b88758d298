#include "service/pipeline/known_positions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "engine/model/invariant.h"
#include "service/pipeline/position.h"

namespace tasker::service {

void KnownPositions::Add(storage::PartitionId partition, Newest newest) {
  logs_.push_back({partition, std::move(newest)});
}

const KnownPositions::Log* KnownPositions::Find(std::uint32_t partition) const {
  const auto found = std::ranges::find(
      logs_, partition, [](const Log& log) { return std::uint32_t{Raw(log.partition)}; });
  return found == logs_.end() ? nullptr : &*found;
}

absl::Status KnownPositions::Check(const v1::Position& at_least) const {
  const Log* log = Find(at_least.partition());
  if (log == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("at_least.partition: this service has no partition ", at_least.partition()));
  }
  const std::uint64_t newest = storage::Raw(log->newest());
  if (at_least.sequence() <= newest) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "at_least: the log of partition ", at_least.partition(), " has come to ", newest, ", not to ",
      at_least.sequence(), ": that position is of another store, or of one before a restore"));
}

v1::Position KnownPositions::NewestOf(storage::PartitionId partition) const {
  const Log* log = Find(Raw(partition));
  engine::Invariant(log != nullptr);
  v1::Position position;
  SetPosition(partition, log->newest(), position);
  return position;
}

}  // namespace tasker::service
