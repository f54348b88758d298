#include "config/custom_events.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "config/template_keys.h"

namespace tasker::config {

std::vector<engine::CustomEvent> ReadCustomEvents(const YamlFields& fields, YamlReport& report) {
  std::vector<engine::CustomEvent> events;
  const YamlValue* list = fields.Find("custom_events");
  if (list == nullptr) return events;
  if (!list->is_list()) {
    fields.Error("custom_events", "must be a list of maps with `name` and `description`");
    return events;
  }
  const std::string path = Join(fields.path(), "custom_events");
  absl::flat_hash_set<std::string> known;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const YamlValue& item = *list->items[i];
    if (!item.is_map()) {
      report.Error(item.place, Join(path, i), "must be a map with `name` and `description`");
      continue;
    }
    const YamlFields event(item.entries, item.place, Join(path, i), &report);
    event.TellUnknown(kCustomEventKeys);
    const std::string name = event.RequiredText("name").value_or("");
    event.Text("description");
    if (!name.empty() && !known.insert(name).second) {
      event.Error("name", absl::StrCat("`", name, "` stands twice"));
    }
    events.push_back({name, event.Shown("description")});
  }
  return events;
}

}  // namespace tasker::config
