// All templates that tasks can be made from.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "config/context_schema.h"
#include "config/template_loader.h"
#include "config/variables.h"
#include "engine/model/task_template.h"
#include "engine/model/time.h"
#include "storage/store.h"

namespace tasker::service {

// Templates are immutable under namespace, name and version, stored as the text they came in, and
// compiled anew at each start. Safe for concurrent use; entries live as long as somebody holds
// them.
class TemplateRegistry {
 public:
  // One version of one template. Immutable.
  struct Entry {
    engine::TaskTemplatePtr compiled;
    // Unset if the template has none.
    std::optional<config::ContextSchema> schema;
    std::string source;
    engine::Timestamp applied_at;

    // Error: INVALID_ARGUMENT with a line for each way in which `context_json` breaks the schema.
    absl::Status CheckContext(std::string_view context_json) const;
  };
  using EntryPtr = std::shared_ptr<const Entry>;

  // What became of Apply.
  struct Applied {
    EntryPtr entry;
    // False: exactly this was there already.
    bool created = false;
    config::Diagnostics warnings;
  };

  // Takes the catalog in `store`, which must outlive the registry, and compiles what it holds.
  // `problems` is given a line for each template that needs an operator's eye; such a one keeps the
  // environment that it was applied for, or is left out if it can no longer be loaded at all.
  static absl::StatusOr<std::unique_ptr<TemplateRegistry>> Open(storage::Store* store,
                                                                std::string environment,
                                                                config::VariableLookup variables,
                                                                std::vector<std::string>& problems);

  // What Apply would make of a text, which is valid; nothing is stored. Errors: INVALID_ARGUMENT
  // and RESOURCE_EXHAUSTED as TemplateService.ApplyTemplate of the contract.
  absl::StatusOr<config::LoadedTemplate> Check(std::string_view source,
                                               std::string_view source_name) const;

  // Errors: as TemplateService.ApplyTemplate of the contract.
  absl::StatusOr<Applied> Apply(std::string_view source, std::string_view source_name);

  // Empty `namespace_name`: `default`; empty `version`: the highest. Error: NOT_FOUND; the message
  // names what is there, or the nearest name.
  absl::StatusOr<EntryPtr> Find(std::string_view namespace_name, std::string_view name,
                                std::string_view version) const;

  // The compiled template, null if there is none.
  engine::TaskTemplatePtr Compiled(const engine::TemplateId& id) const;

  // By namespace, name and version; an empty `namespace_name` means all.
  std::vector<EntryPtr> List(std::string_view namespace_name) const;

 private:
  // Versions of one template, the highest last.
  struct VersionLess {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  using Versions = std::map<std::string, EntryPtr, VersionLess>;
  using Name = std::pair<std::string, std::string>;

  TemplateRegistry(storage::Store* store, std::string environment, config::VariableLookup variables,
                   storage::Ownership ownership)
      : store_(*store),
        environment_(std::move(environment)),
        variables_(std::move(variables)),
        epoch_(ownership.epoch),
        sequence_(ownership.last_sequence) {}

  absl::Status LoadStored(std::vector<std::string>& problems);
  config::LoadedTemplate Load(std::string_view source, std::string_view source_name,
                              const std::string& environment) const;
  absl::Status Store(const Entry& entry, std::string_view source_name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the catalog anew after a commit that failed.
  absl::Status Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NotFound(const std::string& namespace_name, const std::string& name,
                        std::string_view version) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  storage::Store& store_;
  const std::string environment_;
  const config::VariableLookup variables_;
  storage::Epoch epoch_ ABSL_GUARDED_BY(mutex_);

  mutable absl::Mutex mutex_;
  storage::Sequence sequence_ ABSL_GUARDED_BY(mutex_);
  // Whether the last commit failed, so that only the store knows where its log stands.
  bool in_doubt_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<Name, Versions> templates_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::service
