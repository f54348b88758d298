// What the store holds, as lines of JSON; docs/export.md describes them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "storage/store.h"
#include "tasker/v1/admin_service.pb.h"

namespace tasker::service {

// Reads page by page, each from a view of its own, so that nothing is held on to for long. Of one
// thread at a time.
class Exporter {
 public:
  // `store` must outlive it.
  Exporter(v1::ExportRecordsRequest request, storage::Store* store, storage::PartitionId partition)
      : request_(std::move(request)), store_(*store), partition_(partition) {}

  // The next lines; empty: there are no more. Errors: DATA_LOSS: a record cannot be read, the
  // message names it; else what the store answers.
  absl::StatusOr<std::string> Next();

 private:
  enum class Part { kHeader, kTemplates, kTasks, kEvents, kEnd };

  absl::Status AddTemplates(storage::Snapshot& snapshot, std::string& lines);
  absl::Status AddTasks(storage::Snapshot& snapshot, std::string& lines);
  absl::Status AddTask(storage::Snapshot& snapshot, std::string_view key, std::string_view value,
                       std::string& lines);
  absl::Status AddEvents(storage::Snapshot& snapshot, std::string& lines);
  bool Wants(std::string_view namespace_name, std::string_view name) const;

  const v1::ExportRecordsRequest request_;
  storage::Store& store_;
  const storage::PartitionId partition_;
  Part part_ = Part::kHeader;
  // Where the part goes on; empty: at its beginning.
  std::string next_key_;
};

}  // namespace tasker::service
