// Lines that an Exporter made, taken into a store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include <nlohmann/json_fwd.hpp>

#include "engine/model/ids.h"
#include "service/pipeline/partition_runner.h"
#include "service/templates/template_registry.h"
#include "tasker/v1/admin_service.pb.h"

namespace tasker::service {

// Waits for what it commits. Of one thread at a time, none that the runner needs.
class Importer {
 public:
  // Pointers must outlive it. `payload_bytes_max` as at every door.
  Importer(storage::PartitionId partition, std::uint64_t payload_bytes_max,
           TemplateRegistry* templates, PartitionRunner* runner)
      : partition_(partition),
        payload_bytes_max_(payload_bytes_max),
        templates_(*templates),
        runner_(*runner) {}

  // Takes a piece of the text; lines need not end with it. Errors: INVALID_ARGUMENT: a line cannot
  // be read, the message says which and why; RESOURCE_EXHAUSTED: it is too long; else what the
  // registry or the runner answer. Nothing may follow an error.
  absl::Status Take(std::string_view piece);

  // The text has ended.
  absl::Status Finish();

  const v1::ImportRecordsResponse& counts() const { return counts_; }

 private:
  absl::Status TakeLine(std::string_view line);
  absl::Status TakeTemplate(const nlohmann::ordered_json& json);
  absl::Status TakeTask(const nlohmann::ordered_json& json);
  absl::StatusOr<AdoptedTask> ReadTask(const nlohmann::ordered_json& json);
  absl::Status TakeEvent(const nlohmann::ordered_json& json);
  absl::Status PublishEvents();

  const storage::PartitionId partition_;
  const std::uint64_t payload_bytes_max_;
  TemplateRegistry& templates_;
  PartitionRunner& runner_;
  // The beginning of a line whose end has not come.
  std::string rest_;
  std::uint64_t line_ = 0;
  // Tasks added: whose events are taken.
  absl::flat_hash_set<std::string> added_;
  std::vector<storage::v1::EventRecord> events_;
  v1::ImportRecordsResponse counts_;
};

}  // namespace tasker::service
