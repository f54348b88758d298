#include "config/events/event_catalog.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

#include "config/events/embedded_catalog.h"
#include "config/events/event_name.h"
#include "config/yaml/yaml_document.h"
#include "config/yaml/yaml_fields.h"
#include "config/yaml/yaml_json.h"
#include "engine/model/invariant.h"

namespace tasker::config {
namespace {

constexpr std::size_t kCatalogBytesMax = 1u << 20;
constexpr std::array<std::string_view, 6> kTypes = {"string",  "integer", "number",
                                                    "boolean", "array",   "object"};

using CommonFields = std::map<std::string, std::vector<EventField>>;

// Calls `read` with each map of the list under `key`.
void ForEachMap(const YamlFields& fields, std::string_view key, YamlReport& report,
                const std::function<void(const YamlFields&)>& read) {
  const YamlValue* list = fields.Find(key);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const YamlValue& item = *list->items[i];
    const std::string path = Join(Join(fields.path(), key), i);
    if (item.is_map()) {
      read(YamlFields(item.entries, item.place, path, &report));
    } else {
      report.Error(item.place, path, "must be a map");
    }
  }
}

std::vector<EventField> ReadFields(const YamlFields& fields, std::string_view key,
                                   YamlReport& report) {
  std::vector<EventField> read;
  ForEachMap(fields, key, report, [&](const YamlFields& each) {
    EventField field;
    field.name = each.RequiredText("name").value_or("");
    field.type = each.RequiredText("type").value_or("");
    field.description = each.RequiredText("description").value_or("");
    field.optional = each.Flag("optional").value_or(false);
    if (std::ranges::find(kTypes, field.type) == kTypes.end()) {
      each.Error("type", absl::StrCat("`", field.type, "` is no type"));
    }
    read.push_back(std::move(field));
  });
  return read;
}

EventDefinition ReadEvent(const YamlFields& fields, const CommonFields& common,
                          YamlReport& report) {
  EventDefinition event;
  event.name = fields.RequiredText("name").value_or("");
  if (!IsDottedEventName(event.name)) fields.Error("name", "is not a dotted lower-case name");
  event.category = std::string(EventCategoryOf(event.name));
  event.description = fields.RequiredText("description").value_or("");
  event.aliases = fields.TextList("aliases");
  event.mirrors = fields.Text("mirrors").value_or("");
  // The rest is that of the event that it mirrors.
  if (!event.mirrors.empty()) return event;
  event.fired_when = fields.RequiredText("fired_when").value_or("");
  event.open = fields.Flag("open").value_or(false);
  event.fields = ReadFields(fields, "fields", report);
  const auto shared = common.find(fields.RequiredText("about").value_or(""));
  if (shared == common.end()) {
    fields.Error("about", "is none of `common_fields`");
  } else {
    event.fields.insert(event.fields.end(), shared->second.begin(), shared->second.end());
  }
  const YamlValue* example = fields.Find("example");
  if (example != nullptr && example->is_map()) {
    event.example = ToJson(*example, VariableForm::kFilled).dump();
  } else {
    fields.Error("example", "must be a map");
  }
  return event;
}

}  // namespace

absl::StatusOr<EventCatalog> EventCatalog::Parse(std::string_view yaml) {
  YamlReport report("catalog.yaml", true);
  EventCatalog catalog;
  if (const auto document = YamlDocument::Parse(yaml, kCatalogBytesMax, report)) {
    const YamlFields top(document->top(), {}, "", &report);
    CommonFields common;
    top.WithMap("common_fields", [&](const YamlFields& kinds) {
      for (const std::string& kind : kinds.Keys()) common[kind] = ReadFields(kinds, kind, report);
    });
    ForEachMap(top, "events", report, [&](const YamlFields& fields) {
      catalog.events_.push_back(ReadEvent(fields, common, report));
      EventDefinition& made = catalog.events_.back();
      std::vector<std::string> names = made.aliases;
      names.insert(names.begin(), made.name);
      for (const std::string& name : names) {
        if (!catalog.places_.try_emplace(name, catalog.events_.size() - 1).second) {
          fields.Error("name", absl::StrCat("`", name, "` stands twice"));
        }
        catalog.names_.push_back(name);
      }
      if (made.mirrors.empty()) return;
      const EventDefinition* stored = catalog.Find(made.mirrors);
      if (stored == nullptr || stored == &made || !stored->mirrors.empty()) {
        fields.Error("mirrors", absl::StrCat("`", made.mirrors, "` is no stored event before it"));
        return;
      }
      made.fired_when = stored->fired_when;
      made.fields = stored->fields;
      made.example = stored->example;
      made.open = stored->open;
    });
    ForEachMap(top, "absent", report, [&](const YamlFields& fields) {
      const std::string reason = fields.RequiredText("reason").value_or("");
      for (const std::string& name : fields.TextList("names")) catalog.absent_[name] = reason;
    });
  }
  if (report.has_errors()) return absl::InvalidArgumentError(ToString(report.Take()));
  // Views of names: the definitions stay where they are from here on.
  for (const EventDefinition& event : catalog.events_) {
    if (!event.mirrors.empty()) catalog.mirrors_[event.mirrors].push_back(event.name);
  }
  return catalog;
}

const EventCatalog& EventCatalog::BuiltIn() {
  static const EventCatalog* const catalog = [] {
    absl::StatusOr<EventCatalog> parsed = Parse(kEmbeddedCatalog);
    // It is a part of the program, and a test reads it before anyone else does.
    engine::Invariant(parsed.ok());
    return new EventCatalog(*std::move(parsed));
  }();
  return *catalog;
}

const EventDefinition* EventCatalog::Find(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &events_[found->second];
}

std::string_view EventCatalog::Canonical(std::string_view name) const {
  const EventDefinition* event = Find(name);
  return event == nullptr ? name : std::string_view(event->name);
}

std::span<const std::string_view> EventCatalog::MirrorsOf(std::string_view name) const {
  const auto found = mirrors_.find(name);
  if (found == mirrors_.end()) return {};
  return found->second;
}

std::string_view EventCatalog::WhyAbsent(std::string_view name) const {
  const auto found = absent_.find(name);
  return found == absent_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace tasker::config
