#include "service/events/event_catalog_view.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include <nlohmann/json.hpp>

#include "config/events/event_catalog.h"
#include "config/events/event_name.h"
#include "config/spelling.h"
#include "service/events/event_filter.h"

namespace tasker::service {
namespace {

using Json = nlohmann::ordered_json;

v1::EventInfo InfoOf(const config::EventDefinition& event) {
  v1::EventInfo info;
  info.set_name(event.name);
  info.set_category(event.category);
  info.set_description(event.description);
  info.set_fired_when(event.fired_when);
  for (const config::EventField& field : event.fields) {
    v1::EventField& out = *info.add_fields();
    out.set_name(field.name);
    out.set_type(field.type);
    out.set_description(field.description);
    out.set_optional(field.optional);
  }
  info.set_open(event.open);
  info.set_example(event.example);
  info.mutable_aliases()->Assign(event.aliases.begin(), event.aliases.end());
  info.set_mirrors(event.mirrors);
  info.set_origin(v1::EVENT_ORIGIN_BUILT_IN);
  return info;
}

// The text under `key`; empty if there is none.
std::string TextIn(const Json& map, const char* key) {
  const auto found = map.find(key);
  return found != map.end() && found->is_string() ? found->get<std::string>() : "";
}

// A schema may give a list of types: then the first that is not null.
std::string TypeIn(const Json& schema) {
  const auto types = schema.find("type");
  if (types == schema.end() || !types->is_array()) return TextIn(schema, "type");
  for (const Json& type : *types) {
    if (type.is_string() && type != "null") return type.get<std::string>();
  }
  return "";
}

// What the schema of a payload says of its fields.
void AddSchema(const std::string& text, v1::EventInfo& info) {
  const Json schema = Json::parse(text, nullptr, false);
  if (!schema.is_object()) return;
  const auto additional = schema.find("additionalProperties");
  info.set_open(additional == schema.end() || *additional != false);
  if (const auto examples = schema.find("examples"); examples != schema.end() &&
                                                     examples->is_array() && !examples->empty() &&
                                                     examples->front().is_object()) {
    info.set_example(examples->front().dump());
  }
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return;
  const auto required = schema.find("required");
  for (const auto& [name, property] : properties->items()) {
    v1::EventField& field = *info.add_fields();
    field.set_name(name);
    field.set_optional(required == schema.end() || !required->is_array() ||
                       std::ranges::find(*required, Json(name)) == required->end());
    if (!property.is_object()) continue;
    field.set_type(TypeIn(property));
    field.set_description(TextIn(property, "description"));
  }
}

void AddDeclarations(std::span<const Declaration> declarations, v1::EventInfo& info) {
  for (const Declaration& each : declarations) {
    v1::EventDeclaration& out = *info.add_declarations();
    out.set_namespace_(each.entry->compiled->id.namespace_name);
    out.set_task_name(each.entry->compiled->id.name);
    out.set_version(each.entry->compiled->id.version);
    out.set_step_name(each.step_name);
    out.set_schema(each.event->schema_shown);
  }
}

// What the templates say of an event of theirs: the last of them is the newest, and counts.
v1::EventInfo InfoOf(const std::string& name, std::span<const Declaration> declarations) {
  v1::EventInfo info;
  info.set_name(name);
  info.set_category("custom");
  info.set_fired_when(
      "A handler publishes it with a step's result, or somebody calls PublishEvent.");
  info.set_open(true);
  info.set_example("{}");
  info.set_origin(v1::EVENT_ORIGIN_TEMPLATE);
  const engine::CustomEvent* newest = declarations.back().event;
  for (const Declaration& each : declarations) {
    if (!each.event->description.empty()) info.set_description(each.event->description);
  }
  if (!newest->schema_shown.empty()) AddSchema(newest->schema_shown, info);
  AddDeclarations(declarations, info);
  return info;
}

std::vector<Declaration> Within(const std::string& namespace_name,
                                const std::vector<Declaration>& declarations) {
  std::vector<Declaration> kept;
  std::ranges::copy_if(declarations, std::back_inserter(kept), [&](const Declaration& each) {
    return namespace_name.empty() || each.entry->compiled->id.namespace_name == namespace_name;
  });
  return kept;
}

absl::Status CheckRequest(const v1::ListEventsRequest& request) {
  const std::string& category = request.category();
  if (!category.empty() &&
      std::ranges::find(config::kEventCategories, category) == config::kEventCategories.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("category: \"", absl::CHexEscape(category), "\" is not one of ",
                     absl::StrJoin(config::kEventCategories, ", ",
                                   [](std::string* out, auto each) { out->append(each); })));
  }
  if (request.name().empty() || config::IsEventPattern(request.name())) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "name: \"", absl::CHexEscape(request.name()),
      "\" is not an event name or pattern: lower-case letters, digits, `_`, `.` and `*`"));
}

absl::Status NoSuchEvent(const std::string& name, const Declarations& declared) {
  const config::EventCatalog& catalog = config::EventCatalog::BuiltIn();
  const std::string what = absl::StrCat("no event \"", absl::CHexEscape(name), "\"");
  if (const std::string_view why = catalog.WhyAbsent(name); !why.empty()) {
    return absl::NotFoundError(
        absl::StrCat(what, ", which is one of the Rails engine's: ", std::string(why)));
  }
  std::vector<std::string> names = catalog.names();
  for (const auto& [each, declarations] : declared) names.push_back(each);
  return absl::NotFoundError(absl::StrCat(what, config::DidYouMean(name, names)));
}

}  // namespace

absl::StatusOr<v1::ListEventsResponse> ListEvents(const v1::ListEventsRequest& request,
                                                  const Declarations& declared) {
  if (absl::Status checked = CheckRequest(request); !checked.ok()) return checked;
  const config::EventCatalog& catalog = config::EventCatalog::BuiltIn();
  const auto wanted = [&](std::string_view category, std::string_view name) {
    return (request.category().empty() || category == request.category()) &&
           (request.name().empty() || MatchesPattern(request.name(), name));
  };
  v1::ListEventsResponse response;
  for (const config::EventDefinition& event : catalog.events()) {
    const bool by_alias = std::ranges::any_of(
        event.aliases, [&](const std::string& alias) { return wanted(event.category, alias); });
    if (!by_alias && !wanted(event.category, event.name)) continue;
    *response.add_events() = InfoOf(event);
    if (const auto also = declared.find(event.name); also != declared.end()) {
      AddDeclarations(Within(request.namespace_(), also->second),
                      *response.mutable_events()->rbegin());
    }
  }
  for (const auto& [name, declarations] : declared) {
    if (catalog.Find(name) != nullptr || !wanted("custom", name)) continue;
    const std::vector<Declaration> kept = Within(request.namespace_(), declarations);
    if (!kept.empty()) *response.add_events() = InfoOf(name, kept);
  }
  return response;
}

absl::StatusOr<v1::GetEventInfoResponse> GetEventInfo(const v1::GetEventInfoRequest& request,
                                                      const Declarations& declared) {
  if (request.name().empty()) return absl::InvalidArgumentError("name: is required");
  v1::GetEventInfoResponse response;
  const auto by_templates = declared.find(request.name());
  if (const config::EventDefinition* event = config::EventCatalog::BuiltIn().Find(request.name())) {
    *response.mutable_event() = InfoOf(*event);
    if (by_templates != declared.end()) {
      AddDeclarations(by_templates->second, *response.mutable_event());
    }
  } else if (by_templates != declared.end()) {
    *response.mutable_event() = InfoOf(by_templates->first, by_templates->second);
  } else {
    return NoSuchEvent(request.name(), declared);
  }
  return response;
}

}  // namespace tasker::service
