// libyaml, one event at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <yaml.h>

#include "config/yaml/place.h"

namespace tasker::config {

// Reads the events of a text, which must outlive it.
class EventReader {
 public:
  explicit EventReader(std::string_view text);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  // Goes on to the next event. False if the text is no YAML from here on; see problem().
  bool Next();

  // The newest. Precondition: Next() was true.
  const yaml_event_t& event() const { return event_; }
  Place place() const { return PlaceOf(event_.start_mark); }

  // What is wrong and where, after Next() was false.
  std::string problem() const;
  Place problem_place() const;

 private:
  static Place PlaceOf(const yaml_mark_t& mark);

  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

// The bytes that libyaml calls so; empty for null.
std::string_view View(const yaml_char_t* text);

}  // namespace tasker::config
