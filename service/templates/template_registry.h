// All templates that tasks can be made from.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "config/context_schema.h"
#include "config/template_loader.h"
#include "config/variables.h"
#include "engine/model/task_template.h"
#include "engine/model/time.h"
#include "service/templates/template_catalog.h"
#include "storage/store.h"

namespace tasker::service {

// Templates are immutable under namespace, name and version, stored as the text they came in, and
// compiled anew at each start. Safe for concurrent use, and who reads never waits for the store;
// entries live as long as somebody holds them.
class TemplateRegistry {
 public:
  // One version of one template. Immutable.
  struct Entry {
    engine::TaskTemplatePtr compiled;
    // Unset if the template has none.
    std::optional<config::ContextSchema> schema;
    std::string source;
    engine::Timestamp applied_at;
    // What the loader warned of.
    config::Diagnostics warnings;

    // Each way in which `context_json` breaks the schema; none if there is no schema. Where
    // variables were filled into the schema, reasons do not tell what it asks for.
    std::vector<config::SchemaFault> FaultsOf(std::string_view context_json) const;
    // Error: INVALID_ARGUMENT with a line for each of these.
    absl::Status CheckContext(std::string_view context_json) const;
  };
  using EntryPtr = std::shared_ptr<const Entry>;

  // A text to be applied, and what to call it in messages.
  struct Source {
    std::string text;
    std::string name;
  };

  // What became of Apply.
  struct Applied {
    EntryPtr entry;
    // False: exactly this was there already.
    bool created = false;
    config::Diagnostics warnings;
  };

  // A stored template that needs an operator's eye.
  struct StoredProblem {
    engine::TemplateId id;
    std::string reason;
    // True: it goes on as it was resolved for the environment before. False: it is not there, and
    // its tasks are left out.
    bool usable = false;
  };

  // Takes the catalog in `store`, which must outlive the registry, and compiles what it holds, on
  // all of the machine's cores. `problems` is given a line for each of StoredProblems(). Errors:
  // what the store answers; no template, whatever is stored of it, is one.
  static absl::StatusOr<std::unique_ptr<TemplateRegistry>> Open(storage::Store* store,
                                                                std::string environment,
                                                                config::VariableLookup variables,
                                                                std::vector<std::string>& problems);

  // Has `told` called whenever a template could not be stored, on the thread that tried. To be set
  // before there are other threads.
  void OnUnstored(std::function<void()> told) { on_unstored_ = std::move(told); }

  // Refuses new templates that refer to variables that are not set. To be called before there are
  // other threads.
  void RequireVariables() { strict_variables_ = true; }

  // What Apply would make of a text, which is valid; nothing is stored. Errors: INVALID_ARGUMENT
  // and RESOURCE_EXHAUSTED as TemplateService.ApplyTemplate of the contract.
  absl::StatusOr<config::LoadedTemplate> Check(std::string_view source,
                                               std::string_view source_name) const;

  // Errors: as TemplateService.ApplyTemplate of the contract.
  absl::StatusOr<Applied> Apply(std::string_view source, std::string_view source_name);

  // All that is wrong with a template, in any of its environments, with the service's variables.
  config::Diagnostics Lint(std::string_view source, std::string_view source_name,
                           bool strict) const;
  // As Apply for each of them in turn, compiled on up to `threads` threads and stored in one
  // commit: those that are new are all stored, or none of them. What is there already is not
  // compiled again.
  std::vector<absl::StatusOr<Applied>> ApplyAll(std::span<const Source> sources, int threads);
  // What Apply would make of `source`; nothing is stored. Errors: as Apply's, but the store's.
  absl::StatusOr<EntryPtr> Try(std::string_view source, std::string_view source_name) const;

  // Empty `namespace_name`: `default`; empty `version`: the highest. Error: NOT_FOUND; the message
  // names what is there, or the nearest name.
  absl::StatusOr<EntryPtr> Find(std::string_view namespace_name, std::string_view name,
                                std::string_view version) const;

  // The compiled template, with the step that initialises if `id` says so; null if there is none.
  engine::TaskTemplatePtr Compiled(const engine::TemplateId& id) const;
  // The template of an entry of this registry, with the step that initialises; always the same one.
  engine::TaskTemplatePtr Initialized(const EntryPtr& entry) const;
  // Likewise of any entry, each time another one.
  static engine::TaskTemplatePtr MakeInitialized(const EntryPtr& entry);

  // How often templates were added: equal if nothing has changed between two calls.
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  // By namespace, name and version; an empty `namespace_name` means all.
  std::vector<EntryPtr> List(std::string_view namespace_name) const;

  // The newest commit of the templates' log; what it stored is seen by everyone who calls from now
  // on.
  storage::Sequence newest() const { return newest_.load(std::memory_order_acquire); }

  // By namespace, name and version. What is mended by applying it again is no longer among them.
  std::vector<StoredProblem> StoredProblems() const;

 private:
  // Versions of one template, the highest last.
  struct VersionLess {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  using Versions = std::map<std::string, EntryPtr, VersionLess>;
  using Name = std::pair<std::string, std::string>;
  // A row of the store, compiled.
  struct Stored;
  // A text, compiled or found to be there already.
  struct Candidate;
  // A problem, and the text it has with; unset if not even that can be read.
  struct Flaw {
    StoredProblem problem;
    std::optional<std::string> source;
  };

  TemplateRegistry(TemplateCatalog catalog, std::string environment,
                   config::VariableLookup variables)
      : environment_(std::move(environment)),
        variables_(std::move(variables)),
        catalog_(catalog),
        newest_(catalog.newest()) {}

  absl::Status LoadStored(std::vector<std::string>& problems);
  void TakeStored(std::span<const TemplateCatalog::Row> rows, std::vector<std::string>& problems);
  Stored LoadRow(const TemplateCatalog::Row& row) const;
  config::TemplateOptions OptionsFor(std::string_view source_name, bool strict_variables) const;
  // `strict`: a variable that is not set is an error, also where the template does not ask for it.
  config::LoadedTemplate Load(std::string_view source, std::string_view source_name,
                              const std::string& environment, bool strict) const;
  // Error: INVALID_ARGUMENT: its schema is none.
  static absl::StatusOr<EntryPtr> MakeEntry(config::LoadedTemplate loaded, std::string_view source,
                                            engine::Timestamp applied_at);
  Candidate Prepare(const Source& source) const;
  // The new entry's answer where `there` stands in its place already.
  absl::StatusOr<Applied> Compare(const EntryPtr& there, const EntryPtr& made) const;
  absl::Status CheckFlaw(const Entry& made) const;
  absl::Status Store(std::span<const EntryPtr> entries, std::span<const Source* const> sources)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  EntryPtr At(const engine::TemplateId& id) const ABSL_LOCKS_EXCLUDED(mutex_);
  void Insert(EntryPtr entry, bool resolved_for_now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NotFound(const std::string& namespace_name, const std::string& name,
                        std::string_view version) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const std::string environment_;
  const config::VariableLookup variables_;
  bool strict_variables_ = false;
  std::function<void()> on_unstored_;

  // Held while templates are stored; `mutex_` is taken only behind it.
  absl::Mutex write_mutex_;
  TemplateCatalog catalog_ ABSL_GUARDED_BY(write_mutex_);
  std::atomic<storage::Sequence> newest_;

  mutable absl::Mutex mutex_;
  std::map<Name, Versions> templates_ ABSL_GUARDED_BY(mutex_);
  // By their own text, those that are resolved for the environment that is. Once there, an entry
  // stays.
  absl::flat_hash_map<absl::string_view, EntryPtr> by_source_ ABSL_GUARDED_BY(mutex_);
  std::map<engine::TemplateId, Flaw> flaws_ ABSL_GUARDED_BY(mutex_);

  std::atomic<std::uint64_t> changes_{0};

  // Made when the first task needs them.
  mutable absl::Mutex initialized_mutex_;
  mutable absl::flat_hash_map<EntryPtr, engine::TaskTemplatePtr> initialized_
      ABSL_GUARDED_BY(initialized_mutex_);
};

}  // namespace tasker::service
