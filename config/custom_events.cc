#include "config/custom_events.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "config/context_schema.h"
#include "config/events/event_name.h"
#include "config/shown_fields.h"
#include "config/template_keys.h"
#include "config/utf8.h"

namespace tasker::config {
namespace {

constexpr char kExpected[] = "with `name` and `description`";

// What is told of one fault, and about how much of all: it is stored with the failure.
constexpr std::size_t kFaultBytesMax = 512;
constexpr std::size_t kToldBytesMax = 4u << 10;

std::string Cut(const std::string& text) {
  if (text.size() <= kFaultBytesMax) return text;
  return text.substr(0, CharacterStart(text, kFaultBytesMax)) + "...";
}

// A payload that satisfies a JSON Schema.
class SchemaRules final : public engine::PayloadRules {
 public:
  // `told`: whether people may see what the schema asks for.
  SchemaRules(ContextSchema schema, bool told) : schema_(std::move(schema)), told_(told) {}

  absl::Status Check(std::string_view payload) const override {
    const std::vector<SchemaFault> faults = schema_.Check(payload);
    if (faults.empty()) return absl::OkStatus();
    std::string message;
    for (const SchemaFault& fault : faults) {
      absl::StrAppend(&message, message.empty() ? "" : "\n  ",
                      fault.pointer.empty() ? "(whole)" : Cut(fault.pointer), ": ",
                      told_ ? Cut(fault.reason)
                            : "breaks the schema, of which variables are a part that is not shown");
      if (message.size() > kToldBytesMax) break;
    }
    return absl::InvalidArgumentError(message);
  }

 private:
  const ContextSchema schema_;
  const bool told_;
};

void ReadPayloadSchema(const YamlFields& fields, bool reveal, YamlReport& report,
                       engine::CustomEvent& event) {
  JsonTexts schema =
      ReadJsonTexts(fields, "schema", "must be a JSON Schema: a map", reveal, report);
  if (schema.filled.empty()) return;
  absl::StatusOr<ContextSchema> compiled = ContextSchema::Compile(schema.filled);
  if (!compiled.ok()) {
    fields.Error("schema", std::string(compiled.status().message()));
    return;
  }
  event.rules =
      std::make_shared<SchemaRules>(*std::move(compiled), schema.filled == schema.shown || reveal);
  event.schema = std::move(schema.filled);
  event.schema_shown = std::move(schema.shown);
}

// Under which name the event is published; empty, and told of, if under none.
std::string ReadName(const YamlFields& fields, YamlReport& report) {
  const std::string given = fields.RequiredText("name").value_or("");
  if (given.empty()) return "";
  const std::string shown = absl::StrCat("`", fields.Shown("name"), "` ");
  std::string name = PublishableEventName(given);
  if (name == given) return name;
  if (!name.empty()) {
    fields.Warn("name", absl::StrCat(shown, "is published as `custom.", fields.Shown("name"),
                                     "`: names of events have two words or more, with dots"));
  } else if (IsDottedEventName(given) && EventCategoryOf(given) != "custom") {
    fields.Error("name", absl::StrCat(shown,
                                      "is the service's own to publish: names that begin "
                                      "with `",
                                      given.substr(0, given.find('.')), ".` are"));
  } else {
    report.NoEffect(fields.PlaceOf("name"), Join(fields.path(), "name"),
                    absl::StrCat(shown,
                                 "cannot be the name of an event, so none is declared: it "
                                 "is dotted and lower case, such as order.paid, and has at "
                                 "most ",
                                 kEventNameBytesMax, " bytes"));
  }
  return name;
}

}  // namespace

std::vector<engine::CustomEvent> ReadCustomEvents(const YamlFields& fields, bool reveal,
                                                  YamlReport& report) {
  std::vector<engine::CustomEvent> events;
  const YamlValue* list = fields.Find("custom_events");
  if (list == nullptr) return events;
  if (!list->is_list()) {
    fields.Error("custom_events", absl::StrCat("must be a list of maps ", kExpected));
    return events;
  }
  const std::string path = Join(fields.path(), "custom_events");
  absl::flat_hash_set<std::string> known;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const YamlValue& item = *list->items[i];
    if (!item.is_map()) {
      report.Error(item.place, Join(path, i), absl::StrCat("must be a map ", kExpected));
      continue;
    }
    const YamlFields read(item.entries, item.place, Join(path, i), &report);
    read.TellUnknown(kCustomEventKeys);
    engine::CustomEvent event;
    event.name = ReadName(read, report);
    event.description = ReadShownText(read, "description", reveal).value_or("");
    ReadPayloadSchema(read, reveal, report, event);
    if (event.name.empty()) continue;
    if (!known.insert(event.name).second) {
      read.Error("name", absl::StrCat("`", read.Shown("name"), "` stands twice"));
    }
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace tasker::config
