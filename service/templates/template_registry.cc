#include "service/templates/template_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "config/context_defaults.h"
#include "config/initialized_template.h"
#include "config/spelling.h"
#include "config/template_diff.h"
#include "engine/tasks/record_codec.h"
#include "service/payloads/json_check.h"
#include "service/pipeline/clock.h"
#include "service/templates/parallel.h"
#include "service/templates/version_order.h"

namespace tasker::service {
namespace {

using EntryPtr = TemplateRegistry::EntryPtr;

// What a task handler may make of a context: what a caller may give.
class EntryRules final : public engine::ContextRules {
 public:
  explicit EntryRules(EntryPtr entry) : entry_(std::move(entry)) {}

  absl::StatusOr<engine::AcceptedContext> Accept(const engine::Payload& context) const override {
    const std::string_view text = engine::View(context);
    if (absl::Status json = CheckJson(text, JsonKind::kObject, text.size(), "context");
        !json.ok()) {
      return json;
    }
    const std::string& defaults = entry_->compiled->default_context;
    engine::AcceptedContext accepted{context, context};
    if (!defaults.empty()) {
      // It was given the defaults with all that variables hold, which is not to be stored.
      accepted.stored = engine::MakePayload(config::WithoutDefaults(text, defaults));
      accepted.effective =
          engine::MakePayload(config::WithDefaults(engine::View(accepted.stored), defaults));
    }
    if (absl::Status schema = entry_->CheckContext(engine::View(accepted.effective));
        !schema.ok()) {
      return schema;
    }
    return accepted;
  }

 private:
  const EntryPtr entry_;
};

}  // namespace

absl::StatusOr<EntryPtr> TemplateRegistry::MakeEntry(config::LoadedTemplate loaded,
                                                     std::string_view source,
                                                     engine::Timestamp applied_at) {
  auto entry = std::make_shared<Entry>();
  if (!loaded.compiled->schema.empty()) {
    absl::StatusOr<config::ContextSchema> schema =
        config::ContextSchema::Compile(loaded.compiled->schema);
    if (!schema.ok()) return schema.status();
    entry->schema = *std::move(schema);
  }
  entry->compiled = std::move(loaded.compiled);
  entry->warnings = std::move(loaded.diagnostics);
  entry->source = std::string(source);
  entry->applied_at = applied_at;
  return entry;
}

std::vector<config::SchemaFault> TemplateRegistry::Entry::FaultsOf(
    std::string_view context_json) const {
  if (!schema) return {};
  std::vector<config::SchemaFault> faults = schema->Check(context_json);
  if (compiled->schema == compiled->schema_shown) return faults;
  for (config::SchemaFault& fault : faults) {
    fault.reason = "breaks the schema, of which variables are a part that is not shown";
  }
  return faults;
}

absl::Status TemplateRegistry::Entry::CheckContext(std::string_view context_json) const {
  const std::vector<config::SchemaFault> faults = FaultsOf(context_json);
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

struct TemplateRegistry::Candidate {
  // Null if it cannot be compiled.
  EntryPtr made;
  // Set once it is known what becomes of it: not if it is new.
  std::optional<absl::StatusOr<Applied>> answer;
};

namespace {

// What `after` changes, for a message.
std::string DifferenceOf(std::string_view before, std::string_view after) {
  constexpr std::size_t kLinesMax = 30;
  const auto differences = config::DiffTemplates(before, after);
  if (!differences.ok()) return std::string(differences.status().message());
  return config::ToString(*differences, kLinesMax);
}

}  // namespace

void TemplateRegistry::Insert(EntryPtr entry, bool resolved_for_now) {
  const engine::TemplateId& id = entry->compiled->id;
  if (resolved_for_now) by_source_.emplace(entry->source, entry);
  templates_[{id.namespace_name, id.name}][id.version] = std::move(entry);
  changes_.fetch_add(1, std::memory_order_release);
}

config::TemplateOptions TemplateRegistry::OptionsFor(std::string_view source_name,
                                                     bool strict_variables) const {
  config::TemplateOptions options;
  options.source_name = std::string(source_name);
  options.variables = variables_;
  options.strict_variables = strict_variables;
  return options;
}

config::LoadedTemplate TemplateRegistry::Load(std::string_view source, std::string_view source_name,
                                              const std::string& environment, bool strict) const {
  config::TemplateOptions options = OptionsFor(source_name, strict);
  options.environment = environment;
  return config::LoadTemplate(source, options);
}

config::Diagnostics TemplateRegistry::Lint(std::string_view source, std::string_view source_name,
                                           bool strict) const {
  config::TemplateOptions options = OptionsFor(source_name, strict_variables_);
  options.strict = strict;
  return config::LintTemplate(source, options);
}

namespace {

absl::Status CheckSize(std::string_view source) {
  if (source.size() <= config::kTemplateBytesMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("source: ", source.size(),
                                                   " bytes are over the limit of ",
                                                   config::kTemplateBytesMax, " bytes"));
}

}  // namespace

absl::StatusOr<EntryPtr> TemplateRegistry::Try(std::string_view source,
                                               std::string_view source_name) const {
  if (absl::Status size = CheckSize(source); !size.ok()) return size;
  Candidate candidate = Prepare({std::string(source), std::string(source_name)});
  if (!candidate.answer) return candidate.made;
  if (!candidate.answer->ok()) return candidate.answer->status();
  return (*candidate.answer)->entry;
}

absl::StatusOr<config::LoadedTemplate> TemplateRegistry::Check(std::string_view source,
                                                               std::string_view source_name) const {
  if (absl::Status size = CheckSize(source); !size.ok()) return size;
  config::LoadedTemplate loaded = Load(source, source_name, environment_, strict_variables_);
  if (loaded.compiled == nullptr) {
    return absl::InvalidArgumentError(config::ToString(loaded.diagnostics));
  }
  return loaded;
}

absl::StatusOr<TemplateRegistry::Applied> TemplateRegistry::Apply(std::string_view source,
                                                                  std::string_view source_name) {
  if (absl::Status size = CheckSize(source); !size.ok()) return size;
  const Source one{std::string(source), std::string(source_name)};
  return std::move(ApplyAll({&one, 1}, 1)[0]);
}

std::vector<absl::StatusOr<TemplateRegistry::Applied>> TemplateRegistry::ApplyAll(
    std::span<const Source> sources, int threads) {
  std::vector<Candidate> candidates(sources.size());
  ForEachInParallel(sources.size(), threads,
                    [&](std::size_t i) { candidates[i] = Prepare(sources[i]); });
  absl::Status stored;
  {
    absl::MutexLock writing(&write_mutex_);
    std::map<engine::TemplateId, EntryPtr> made;
    std::vector<EntryPtr> fresh;
    std::vector<const Source*> texts;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      Candidate& candidate = candidates[i];
      if (candidate.answer) continue;
      // Of this very call, or of one that was quicker.
      const engine::TemplateId& id = candidate.made->compiled->id;
      const auto earlier = made.find(id);
      const EntryPtr there = earlier == made.end() ? At(id) : earlier->second;
      if (there != nullptr) {
        candidate.answer = Compare(there, candidate.made);
        continue;
      }
      made.emplace(id, candidate.made);
      fresh.push_back(candidate.made);
      texts.push_back(&sources[i]);
    }
    if (!fresh.empty()) stored = Store(fresh, texts);
    // What stands on an entry that could not be stored is not there either.
    for (Candidate& candidate : candidates) {
      const bool on_new = candidate.made != nullptr && made.contains(candidate.made->compiled->id);
      if (!stored.ok() && on_new) {
        candidate.answer = stored;
      } else if (!candidate.answer) {
        candidate.answer = Applied{candidate.made, true, candidate.made->warnings};
      }
    }
  }
  if (!stored.ok() && on_unstored_) on_unstored_();
  std::vector<absl::StatusOr<Applied>> answers;
  answers.reserve(candidates.size());
  for (Candidate& candidate : candidates) answers.push_back(*std::move(candidate.answer));
  return answers;
}

TemplateRegistry::Candidate TemplateRegistry::Prepare(const Source& source) const {
  Candidate candidate;
  {
    absl::ReaderMutexLock lock(&mutex_);
    if (const auto found = by_source_.find(source.text); found != by_source_.end()) {
      Applied unchanged{found->second, false, found->second->warnings};
      for (config::Diagnostic& warning : unchanged.warnings) warning.file = source.name;
      candidate.answer = std::move(unchanged);
      return candidate;
    }
  }
  config::LoadedTemplate loaded = Load(source.text, source.name, environment_, strict_variables_);
  if (loaded.compiled == nullptr) {
    candidate.answer = absl::InvalidArgumentError(config::ToString(loaded.diagnostics));
    return candidate;
  }
  absl::StatusOr<EntryPtr> made = MakeEntry(std::move(loaded), source.text, ReadClock());
  if (!made.ok()) {
    candidate.answer = made.status();
    return candidate;
  }
  if (const EntryPtr there = At((*made)->compiled->id)) {
    candidate.answer = Compare(there, *made);
  } else if (absl::Status allowed = CheckFlaw(**made); !allowed.ok()) {
    candidate.answer = std::move(allowed);
  } else {
    candidate.made = *std::move(made);
  }
  return candidate;
}

absl::StatusOr<TemplateRegistry::Applied> TemplateRegistry::Compare(const EntryPtr& there,
                                                                    const EntryPtr& made) const {
  if (there->source == made->source || config::SameTemplateSource(there->source, made->source)) {
    return Applied{there, false, made->warnings};
  }
  return absl::FailedPreconditionError(
      absl::StrCat(there->compiled->id.ToString(),
                   " exists with another content, and tasks may run on it; give the changed "
                   "template a new `version`. What it changes:\n",
                   DifferenceOf(there->source, made->source)));
}

absl::Status TemplateRegistry::CheckFlaw(const Entry& made) const {
  const engine::TemplateId& id = made.compiled->id;
  std::string source;
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto flaw = flaws_.find(id);
    // Of a row that cannot be read nobody can say what it said: applying it again is all that
    // helps.
    if (flaw == flaws_.end() || !flaw->second.source) return absl::OkStatus();
    source = *flaw->second.source;
  }
  if (source == made.source || config::SameTemplateSource(source, made.source)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(id.ToString(),
                   " is stored with another content, which can no longer be loaded, and tasks may "
                   "wait for it; give the changed template a new `version`"));
}

absl::Status TemplateRegistry::Store(std::span<const EntryPtr> entries,
                                     std::span<const Source* const> sources) {
  std::vector<TemplateCatalog::Row> rows;
  rows.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    storage::v1::TemplateRecord record;
    record.set_source(entries[i]->source);
    record.set_source_name(sources[i]->name);
    record.set_environment(environment_);
    record.set_applied_at_us(engine::ToMicros(entries[i]->applied_at));
    rows.push_back({entries[i]->compiled->id, std::move(record)});
  }
  if (absl::Status put = catalog_.Put(rows); !put.ok()) return put;
  absl::MutexLock lock(&mutex_);
  for (const EntryPtr& entry : entries) {
    flaws_.erase(entry->compiled->id);
    Insert(entry, true);
  }
  newest_.store(catalog_.newest(), std::memory_order_release);
  return absl::OkStatus();
}

EntryPtr TemplateRegistry::At(const engine::TemplateId& id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto versions = templates_.find({id.namespace_name, id.name});
  if (versions == templates_.end()) return nullptr;
  const auto found = versions->second.find(id.version);
  return found == versions->second.end() ? nullptr : found->second;
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
  const EntryPtr entry = At(id);
  if (entry == nullptr) return nullptr;
  return id.initialized ? Initialized(entry) : entry->compiled;
}

engine::TaskTemplatePtr TemplateRegistry::Initialized(const EntryPtr& entry) const {
  absl::MutexLock lock(&initialized_mutex_);
  engine::TaskTemplatePtr& made = initialized_[entry];
  if (made == nullptr) made = MakeInitialized(entry);
  return made;
}

engine::TaskTemplatePtr TemplateRegistry::MakeInitialized(const EntryPtr& entry) {
  return config::WithInitializer(*entry->compiled, std::make_shared<EntryRules>(entry));
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

std::vector<TemplateRegistry::StoredProblem> TemplateRegistry::StoredProblems() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<StoredProblem> problems;
  for (const auto& [id, flaw] : flaws_) problems.push_back(flaw.problem);
  return problems;
}

}  // namespace tasker::service
