#include "service/templates/template_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "config/spelling.h"
#include "engine/tasks/record_codec.h"
#include "service/pipeline/clock.h"
#include "service/templates/version_order.h"
#include "storage/keys.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {
namespace {

using EntryPtr = TemplateRegistry::EntryPtr;

absl::StatusOr<EntryPtr> MakeEntry(engine::TaskTemplatePtr compiled, std::string_view source,
                                   engine::Timestamp applied_at) {
  auto entry = std::make_shared<TemplateRegistry::Entry>();
  if (!compiled->schema.empty()) {
    absl::StatusOr<config::ContextSchema> schema = config::ContextSchema::Compile(compiled->schema);
    if (!schema.ok()) return schema.status();
    entry->schema = *std::move(schema);
  }
  entry->compiled = std::move(compiled);
  entry->source = std::string(source);
  entry->applied_at = applied_at;
  return entry;
}

// Whether both are done by a handler, or wait, or run a task, each once or for each of some items.
bool SameKind(const engine::StepTemplate& a, const engine::StepTemplate& b) {
  const auto signal = [](const engine::StepTemplate& step) {
    return step.wait ? step.wait->signal : std::string();
  };
  const auto items = [](const engine::StepTemplate& step) {
    return step.for_each ? std::string(step.for_each->items->text()) : std::string();
  };
  return a.wait.has_value() == b.wait.has_value() && signal(a) == signal(b) &&
         a.sub_task.has_value() == b.sub_task.has_value() &&
         a.for_each.has_value() == b.for_each.has_value() && items(a) == items(b) &&
         a.compensates == b.compensates && a.on_failure == b.on_failure;
}

// Whether tasks that run on one could run on the other: the same steps, of the same kinds, with the
// same parents.
bool SameShape(const engine::TaskTemplate& a, const engine::TaskTemplate& b) {
  return a.id == b.id &&
         std::ranges::equal(a.steps, b.steps,
                            [](const engine::StepTemplate& x, const engine::StepTemplate& y) {
                              return x.name == y.name && x.parents == y.parents && SameKind(x, y);
                            });
}

}  // namespace

absl::Status TemplateRegistry::Entry::CheckContext(std::string_view context_json) const {
  if (!schema) return absl::OkStatus();
  const std::vector<config::SchemaFault> faults = schema->Check(context_json);
  if (faults.empty()) return absl::OkStatus();
  std::string message =
      absl::StrCat("context does not satisfy the schema of ", compiled->id.ToString(), ":");
  for (const config::SchemaFault& fault : faults) {
    absl::StrAppend(&message, "\n  ", fault.pointer.empty() ? "(whole)" : fault.pointer, ": ",
                    fault.reason);
  }
  return absl::InvalidArgumentError(message);
}

bool TemplateRegistry::VersionLess::operator()(const std::string& a, const std::string& b) const {
  return LowerVersion(a, b);
}

absl::StatusOr<std::unique_ptr<TemplateRegistry>> TemplateRegistry::Open(
    storage::Store* store, std::string environment, config::VariableLookup variables,
    std::vector<std::string>& problems) {
  const absl::StatusOr<storage::Ownership> ownership = store->Acquire(storage::kCatalog);
  if (!ownership.ok()) return ownership.status();
  std::unique_ptr<TemplateRegistry> registry(
      new TemplateRegistry(store, std::move(environment), std::move(variables), *ownership));
  if (absl::Status loaded = registry->LoadStored(problems); !loaded.ok()) return loaded;
  return registry;
}

namespace {

absl::Status OtherContent(const engine::TemplateId& id) {
  return absl::FailedPreconditionError(
      absl::StrCat(id.ToString(),
                   " exists with another content, and tasks may run on it; give the changed "
                   "template a new `version`"));
}

absl::Status CannotStore(const absl::Status& why) {
  return absl::Status(
      absl::IsResourceExhausted(why) ? why.code() : absl::StatusCode::kUnavailable,
      absl::StrCat("the template could not be stored: ", std::string(why.message())));
}

}  // namespace

absl::Status TemplateRegistry::LoadStored(std::vector<std::string>& problems) {
  absl::MutexLock lock(&mutex_);
  const std::string begin = storage::PartitionKey(storage::kCatalog);
  const auto snapshot = store_.TakeSnapshot();
  const auto rows = snapshot->Scan(storage::Table::kTemplates, begin, storage::KeyAfter(begin));
  for (; rows->Valid(); rows->Next()) {
    storage::v1::TemplateRecord record;
    if (!record.ParseFromString(std::string(rows->value()))) {
      return absl::DataLossError("a row of the table `templates` cannot be read");
    }
    config::LoadedTemplate kept = Load(record.source(), record.source_name(), record.environment());
    if (kept.compiled == nullptr) {
      problems.push_back(absl::StrCat("a stored template can no longer be loaded:\n",
                                      config::ToString(kept.diagnostics)));
      continue;
    }
    if (record.environment() != environment_) {
      config::LoadedTemplate now = Load(record.source(), record.source_name(), environment_);
      if (now.compiled != nullptr && SameShape(*kept.compiled, *now.compiled)) {
        kept = std::move(now);
      } else {
        problems.push_back(absl::StrCat(
            kept.compiled->id.ToString(), ": stays as resolved for environment `",
            record.environment(), "`: for `", environment_,
            "` its steps differ, which tasks under way could not follow; give it a new version"));
      }
    }
    absl::StatusOr<EntryPtr> entry = MakeEntry(std::move(kept.compiled), record.source(),
                                               engine::FromMicros(record.applied_at_us()));
    if (!entry.ok()) return entry.status();
    const engine::TemplateId id = (*entry)->compiled->id;
    templates_[{id.namespace_name, id.name}][id.version] = *std::move(entry);
  }
  return rows->status();
}

config::LoadedTemplate TemplateRegistry::Load(std::string_view source, std::string_view source_name,
                                              const std::string& environment) const {
  return config::LoadTemplate(source, {std::string(source_name), environment, variables_});
}

absl::StatusOr<EntryPtr> TemplateRegistry::Compile(std::string_view source,
                                                   std::string_view source_name,
                                                   config::Diagnostics& warnings) const {
  if (source.size() > config::kTemplateBytesMax) {
    return absl::ResourceExhaustedError(absl::StrCat("source: ", source.size(),
                                                     " bytes are over the limit of ",
                                                     config::kTemplateBytesMax, " bytes"));
  }
  config::LoadedTemplate loaded = Load(source, source_name, environment_);
  if (loaded.compiled == nullptr) {
    return absl::InvalidArgumentError(config::ToString(loaded.diagnostics));
  }
  warnings = std::move(loaded.diagnostics);
  return MakeEntry(std::move(loaded.compiled), source, ReadClock());
}

absl::StatusOr<EntryPtr> TemplateRegistry::Try(std::string_view source,
                                               std::string_view source_name) const {
  config::Diagnostics warnings;
  absl::StatusOr<EntryPtr> made = Compile(source, source_name, warnings);
  if (!made.ok()) return made.status();
  const engine::TemplateId& id = (*made)->compiled->id;
  const absl::StatusOr<EntryPtr> there = Find(id.namespace_name, id.name, id.version);
  if (!there.ok()) return made;
  if (config::SameTemplateSource((*there)->source, source)) return there;
  return OtherContent(id);
}

absl::StatusOr<TemplateRegistry::Applied> TemplateRegistry::Apply(std::string_view source,
                                                                  std::string_view source_name) {
  config::Diagnostics warnings;
  absl::StatusOr<EntryPtr> made = Compile(source, source_name, warnings);
  if (!made.ok()) return made.status();

  absl::MutexLock lock(&mutex_);
  const engine::TemplateId& id = (*made)->compiled->id;
  EntryPtr& place = templates_[{id.namespace_name, id.name}][id.version];
  if (place != nullptr) {
    if (place->source == source || config::SameTemplateSource(place->source, source)) {
      return Applied{place, false, std::move(warnings)};
    }
    return OtherContent(id);
  }
  if (absl::Status stored = Store(**made, source_name); !stored.ok()) {
    Versions& versions = templates_[{id.namespace_name, id.name}];
    versions.erase(id.version);
    if (versions.empty()) templates_.erase({id.namespace_name, id.name});
    return stored;
  }
  place = *std::move(made);
  return Applied{place, true, std::move(warnings)};
}

absl::Status TemplateRegistry::Store(const Entry& entry, std::string_view source_name) {
  storage::v1::TemplateRecord record;
  record.set_source(entry.source);
  record.set_source_name(std::string(source_name));
  record.set_environment(environment_);
  record.set_applied_at_us(engine::ToMicros(entry.applied_at));
  const engine::TemplateId& id = entry.compiled->id;
  storage::Batch batch;
  batch.Put(storage::Table::kTemplates,
            storage::TemplateKey(id.namespace_name, id.name, id.version),
            record.SerializeAsString());
  if (in_doubt_) {
    if (absl::Status settled = Settle(); !settled.ok()) {
      return CannotStore(settled);
    }
  }
  const storage::Sequence next = storage::Next(sequence_);
  storage::CommitResult result = store_.Commit(storage::kCatalog, epoch_, next, batch);
  if (result.outcome == storage::CommitOutcome::kInDoubt) {
    const absl::StatusOr<storage::Sequence> last = store_.LastSequence(storage::kCatalog);
    if (last.ok() && *last == next) result.detail = absl::OkStatus();
  }
  if (result.detail.ok()) {
    sequence_ = next;
    return absl::OkStatus();
  }
  in_doubt_ = true;
  return CannotStore(result.detail);
}

absl::Status TemplateRegistry::Settle() {
  const absl::StatusOr<storage::Ownership> ownership = store_.Acquire(storage::kCatalog);
  if (!ownership.ok()) return ownership.status();
  epoch_ = ownership->epoch;
  sequence_ = ownership->last_sequence;
  in_doubt_ = false;
  return absl::OkStatus();
}

absl::StatusOr<EntryPtr> TemplateRegistry::Find(std::string_view namespace_name,
                                                std::string_view name,
                                                std::string_view version) const {
  const Name key{namespace_name.empty() ? "default" : namespace_name, name};
  absl::ReaderMutexLock lock(&mutex_);
  const auto versions = templates_.find(key);
  if (versions == templates_.end()) return NotFound(key.first, key.second, "");
  if (version.empty()) return versions->second.rbegin()->second;
  const auto found = versions->second.find(std::string(version));
  if (found == versions->second.end()) return NotFound(key.first, key.second, version);
  return found->second;
}

absl::Status TemplateRegistry::NotFound(const std::string& namespace_name, const std::string& name,
                                        std::string_view version) const {
  if (!version.empty()) {
    std::vector<std::string> there;
    for (const auto& [known, entry] : templates_.at({namespace_name, name})) {
      there.push_back(known);
    }
    return absl::NotFoundError(absl::StrCat("template ", namespace_name, ".", name,
                                            " has no version ", std::string(version), "; it has ",
                                            absl::StrJoin(there, ", ")));
  }
  std::vector<std::string> names;
  for (const auto& [known, versions] : templates_) {
    if (known.first == namespace_name) names.push_back(known.second);
    if (known.second == name) {
      return absl::NotFoundError(absl::StrCat("no template ", name, " in namespace ",
                                              namespace_name, "; there is one in namespace ",
                                              known.first));
    }
  }
  const std::optional<std::string> nearest = config::NearestSpelling(name, names);
  return absl::NotFoundError(absl::StrCat("no template ", name, " in namespace ", namespace_name,
                                          nearest ? "; did you mean " : "", nearest.value_or(""),
                                          nearest ? "?" : ""));
}

engine::TaskTemplatePtr TemplateRegistry::Compiled(const engine::TemplateId& id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto versions = templates_.find({id.namespace_name, id.name});
  if (versions == templates_.end()) return nullptr;
  const auto found = versions->second.find(id.version);
  return found == versions->second.end() ? nullptr : found->second->compiled;
}

std::vector<EntryPtr> TemplateRegistry::List(std::string_view namespace_name) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<EntryPtr> all;
  for (const auto& [name, versions] : templates_) {
    if (!namespace_name.empty() && name.first != namespace_name) continue;
    for (const auto& [version, entry] : versions) all.push_back(entry);
  }
  return all;
}

}  // namespace tasker::service
