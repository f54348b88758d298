// How far the logs of this service have come: what lets a caller read what it has written.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"

#include "storage/store.h"
#include "tasker/v1/position.pb.h"

namespace tasker::service {

// Every position that this service has told of is durable, and seen by each read that begins later:
// so nobody ever has to wait for one. What is not known here comes from another store, or from a
// time after the backup that this one was restored from.
//
// Safe for concurrent use once all logs were added.
class KnownPositions {
 public:
  // The newest durable commit of a log; called from any thread.
  using Newest = std::function<storage::Sequence()>;

  // `partition`: its log, not added before.
  void Add(storage::PartitionId partition, Newest newest);

  // Whether a read that begins now sees all up to `at_least`. Errors: INVALID_ARGUMENT: there is no
  // such partition; FAILED_PRECONDITION: its log has not come that far, and how far it has.
  absl::Status Check(const v1::Position& at_least) const;

  // The newest commit of `partition`, whose log was added.
  v1::Position NewestOf(storage::PartitionId partition) const;

 private:
  struct Log {
    storage::PartitionId partition;
    Newest newest;
  };

  const Log* Find(std::uint32_t partition) const;

  std::vector<Log> logs_;
};

// As Check, of a request that may demand a position.
template <typename Request>
absl::Status CheckAtLeast(const KnownPositions& positions, const Request& request) {
  return request.has_at_least() ? positions.Check(request.at_least()) : absl::OkStatus();
}

}  // namespace tasker::service
