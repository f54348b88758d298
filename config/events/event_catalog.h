// Which events the service tells of: config/events/catalog.yaml, built in.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tasker::config {

// One field of an event's payload.
struct EventField {
  std::string name;
  // `string`, `integer`, `number`, `boolean`, `array` or `object`.
  std::string type;
  // A sentence: its meaning, with unit.
  std::string description;
  // Whether it may be missing.
  bool optional = false;
};

// One event.
struct EventDefinition {
  std::string name;
  // One of kEventCategories.
  std::string category;
  // Sentences.
  std::string description;
  std::string fired_when;
  // All fields of its payload, those that events of its kind have in common last.
  std::vector<EventField> fields;
  // Whether the payload may have any further ones.
  bool open = false;
  // A payload as it may come: a JSON object.
  std::string example;
  // Other names for it.
  std::vector<std::string> aliases;
  // The stored event that tells of the same change; empty: this one is stored itself.
  std::string mirrors;
};

// Immutable; safe to use from several threads.
class EventCatalog {
 public:
  // The service's own events. Valid for ever.
  static const EventCatalog& BuiltIn();

  // Reads a catalog's text. Error: INVALID_ARGUMENT that says what is wrong, and where.
  static absl::StatusOr<EventCatalog> Parse(std::string_view yaml);

  // In the order of the documentation.
  std::span<const EventDefinition> events() const { return events_; }
  // Each name and alias, in that order.
  const std::vector<std::string>& names() const { return names_; }

  // By name or alias; null: there is none.
  const EventDefinition* Find(std::string_view name) const;
  // Of an alias the event's name; every other name as it is.
  std::string_view Canonical(std::string_view name) const;
  // The names of the events that mirror the stored one of that name, in their order.
  std::span<const std::string_view> MirrorsOf(std::string_view name) const;
  // Why the Rails engine's event of that name is none here; empty: it is no such name.
  std::string_view WhyAbsent(std::string_view name) const;

 private:
  std::vector<EventDefinition> events_;
  std::vector<std::string> names_;
  // Of names and aliases: places in events_.
  std::map<std::string, std::size_t, std::less<>> places_;
  std::map<std::string, std::vector<std::string_view>, std::less<>> mirrors_;
  std::map<std::string, std::string, std::less<>> absent_;
};

}  // namespace tasker::config
