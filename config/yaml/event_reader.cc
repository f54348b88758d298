#include "config/yaml/event_reader.h"

#include <new>

namespace tasker::config {

EventReader::EventReader(std::string_view text) {
  // It fails only for want of memory.
  if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
  yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
}

EventReader::~EventReader() {
  yaml_event_delete(&event_);
  yaml_parser_delete(&parser_);
}

bool EventReader::Next() {
  yaml_event_delete(&event_);
  return yaml_parser_parse(&parser_, &event_) != 0;
}

std::string EventReader::problem() const {
  std::string said = parser_.problem == nullptr ? "it cannot be read" : parser_.problem;
  if (parser_.context == nullptr) return said;
  const Place begun = PlaceOf(parser_.context_mark);
  return said + " " + parser_.context + " (from " + std::to_string(begun.line) + ":" +
         std::to_string(begun.column) + " on)";
}

Place EventReader::problem_place() const {
  // An error of the reader, such as a control character, has no mark but how far it had come.
  const bool marked = parser_.error != YAML_READER_ERROR;
  return PlaceOf(marked ? parser_.problem_mark : parser_.mark);
}

Place EventReader::PlaceOf(const yaml_mark_t& mark) {
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

std::string_view View(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

}  // namespace tasker::config
