// The registry's start: what the store holds, compiled.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "engine/tasks/record_codec.h"
#include "service/templates/parallel.h"
#include "service/templates/template_registry.h"

namespace tasker::service {
namespace {

// Stored templates are compiled in pieces of this size.
constexpr std::size_t kBytesAtOnce = 8u << 20;

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

absl::StatusOr<std::unique_ptr<TemplateRegistry>> TemplateRegistry::Open(
    storage::Store* store, std::string environment, config::VariableLookup variables,
    std::vector<std::string>& problems) {
  absl::StatusOr<TemplateCatalog> catalog = TemplateCatalog::Take(store);
  if (!catalog.ok()) return catalog.status();
  std::unique_ptr<TemplateRegistry> registry(
      new TemplateRegistry(*catalog, std::move(environment), std::move(variables)));
  if (absl::Status loaded = registry->LoadStored(problems); !loaded.ok()) return loaded;
  return registry;
}

struct TemplateRegistry::Stored {
  // Null if it is not usable.
  EntryPtr entry;
  // Whether the entry is resolved for the environment that is.
  bool resolved_for_now = true;
  // Empty if there is none.
  std::string problem;
};

absl::Status TemplateRegistry::LoadStored(std::vector<std::string>& problems) {
  std::vector<TemplateCatalog::Row> rows;
  std::size_t bytes = 0;
  const auto take = [&] {
    TakeStored(rows, problems);
    rows.clear();
    bytes = 0;
  };
  absl::MutexLock writing(&write_mutex_);
  const absl::Status read = catalog_.Read([&](TemplateCatalog::Row row) {
    bytes += row.record ? row.record->source().size() : 0;
    rows.push_back(std::move(row));
    if (bytes > kBytesAtOnce) take();
  });
  take();
  return read;
}

void TemplateRegistry::TakeStored(std::span<const TemplateCatalog::Row> rows,
                                  std::vector<std::string>& problems) {
  std::vector<Stored> stored(rows.size());
  ForEachInParallel(rows.size(), LoadThreads(),
                    [&](std::size_t i) { stored[i] = LoadRow(rows[i]); });
  absl::MutexLock lock(&mutex_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const TemplateCatalog::Row& row = rows[i];
    if (!stored[i].problem.empty()) {
      problems.push_back(absl::StrCat(row.id.ToString(), ": ", stored[i].problem));
      Flaw flaw{{row.id, stored[i].problem, stored[i].entry != nullptr}, std::nullopt};
      if (row.record) flaw.source = row.record->source();
      flaws_.emplace(row.id, std::move(flaw));
    }
    if (stored[i].entry != nullptr) {
      Insert(std::move(stored[i].entry), stored[i].resolved_for_now);
    }
  }
}

TemplateRegistry::Stored TemplateRegistry::LoadRow(const TemplateCatalog::Row& row) const {
  Stored stored;
  if (!row.record) {
    stored.problem = "its row in the store is damaged; apply the template again";
    return stored;
  }
  const storage::v1::TemplateRecord& record = *row.record;
  config::LoadedTemplate kept =
      Load(record.source(), record.source_name(), record.environment(), false);
  if (kept.compiled == nullptr) {
    stored.problem = absl::StrCat("the stored template can no longer be loaded:\n",
                                  config::ToString(kept.diagnostics));
    return stored;
  }
  if (kept.compiled->id != row.id) {
    stored.problem =
        absl::StrCat("the stored template now calls itself ", kept.compiled->id.ToString());
    return stored;
  }
  if (record.environment() != environment_) {
    config::LoadedTemplate now = Load(record.source(), record.source_name(), environment_, false);
    if (now.compiled != nullptr && SameShape(*kept.compiled, *now.compiled)) {
      kept = std::move(now);
    } else {
      stored.resolved_for_now = false;
      stored.problem = absl::StrCat(
          "stays as resolved for environment `", record.environment(), "`: for `", environment_,
          "` its steps differ, which tasks under way could not follow; give it a new version");
    }
  }
  absl::StatusOr<EntryPtr> entry =
      MakeEntry(std::move(kept), record.source(), engine::FromMicros(record.applied_at_us()));
  if (entry.ok()) {
    stored.entry = *std::move(entry);
  } else {
    stored.problem = absl::StrCat("the stored template can no longer be loaded: ",
                                  std::string(entry.status().message()));
  }
  return stored;
}

}  // namespace tasker::service
