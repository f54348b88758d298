// The store's table of templates.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "engine/model/task_template.h"
#include "storage/store.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {

// The owner of the partition `kCatalog`. Used by one thread at a time.
class TemplateCatalog {
 public:
  struct Row {
    engine::TemplateId id;
    // Nullopt: there is a row, and it cannot be read.
    std::optional<storage::v1::TemplateRecord> record;
  };

  // Takes the catalog in `store`, which must outlive it. Errors: what the store answers.
  static absl::StatusOr<TemplateCatalog> Take(storage::Store* store);

  // Hands every row to `take`, by namespace, name and version. Error: the store cannot be read.
  absl::Status Read(const std::function<void(Row)>& take) const;

  // Writes rows, whose records are set, in one commit: all of them or none. Errors:
  // RESOURCE_EXHAUSTED: the disk is full; UNAVAILABLE: the store takes no commits. Whether they
  // were written is then not known, if the store itself does not know.
  absl::Status Put(std::span<const Row> rows);

  // The newest commit, as far as that is known.
  storage::Sequence newest() const { return sequence_; }

 private:
  TemplateCatalog(storage::Store* store, storage::Ownership ownership)
      : store_(store), epoch_(ownership.epoch), sequence_(ownership.last_sequence) {}

  // Takes the catalog anew after a commit that failed.
  absl::Status Settle();

  storage::Store* store_;
  storage::Epoch epoch_;
  storage::Sequence sequence_;
  // Whether the last commit failed, so that only the store knows where its log stands.
  bool in_doubt_ = false;
};

}  // namespace tasker::service
