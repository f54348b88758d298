#include "service/events/declared_events.h"

#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "config/events/event_catalog.h"
#include "config/spelling.h"

namespace tasker::service {
namespace {

std::shared_ptr<const Declarations> Gather(const TemplateRegistry& templates) {
  auto all = std::make_shared<Declarations>();
  for (const TemplateRegistry::EntryPtr& entry : templates.List("")) {
    const auto add = [&](const engine::CustomEvent& event, const std::string& step) {
      (*all)[event.name].push_back({entry, &event, step});
    };
    for (const engine::CustomEvent& event : entry->compiled->custom_events) add(event, "");
    for (const engine::StepTemplate& step : entry->compiled->steps) {
      for (const engine::CustomEvent& event : step.custom_events) add(event, step.name);
    }
  }
  return all;
}

}  // namespace

std::shared_ptr<const Declarations> DeclaredEvents::Now() const {
  absl::MutexLock lock(&mutex_);
  const std::uint64_t changes = templates_.changes();
  if (as_of_ != changes) {
    all_ = Gather(templates_);
    as_of_ = changes;
  }
  return all_;
}

absl::Status DeclaredEvents::Check(const engine::PublishedEvent& event, bool only_declared) const {
  const std::shared_ptr<const Declarations> all = Now();
  const auto found = all->find(event.name);
  if (found == all->end()) {
    if (!only_declared || config::EventCatalog::BuiltIn().Find(event.name) != nullptr) {
      return absl::OkStatus();
    }
    std::vector<std::string> names;
    for (const auto& [name, declarations] : *all) names.push_back(name);
    return absl::FailedPreconditionError(
        absl::StrCat("event.name: no template declares ", event.name,
                     ", and the service takes no other events (its setting events.undeclared)",
                     config::DidYouMean(event.name, names)));
  }
  absl::Status newest;
  // Many versions of a template say the same.
  std::set<std::string_view> tried;
  for (auto each = found->second.rbegin(); each != found->second.rend(); ++each) {
    if (each->event->rules == nullptr) return absl::OkStatus();
    if (!tried.insert(each->event->schema).second) continue;
    absl::Status fits = each->event->rules->Check(engine::View(event.payload));
    if (fits.ok()) return fits;
    if (!newest.ok()) continue;
    newest = absl::InvalidArgumentError(
        absl::StrCat("event.payload: is not what ", each->entry->compiled->id.ToString(),
                     " declares of ", event.name, ":\n  ", std::string(fits.message())));
  }
  return newest;
}

}  // namespace tasker::service
