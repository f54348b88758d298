#include "config/events/event_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tasker::config {

bool IsDottedEventName(std::string_view name) {
  bool word_begins = true;
  int words = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (word_begins) {
      if (!absl::ascii_islower(byte)) return false;
      ++words;
      word_begins = false;
    } else if (c == '.') {
      word_begins = true;
    } else if (!absl::ascii_islower(byte) && !absl::ascii_isdigit(byte) && c != '_') {
      return false;
    }
  }
  return words >= 2 && !word_begins;
}

bool IsEventPattern(std::string_view pattern) {
  return !pattern.empty() && std::ranges::all_of(pattern, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '_' || c == '.' ||
           c == '*';
  });
}

std::string_view EventCategoryOf(std::string_view name) {
  const std::string_view first = name.substr(0, name.find('.'));
  if (first == "handler" || first == "subscriber") return "registry";
  return std::ranges::find(kEventCategories, first) == kEventCategories.end() ? "custom" : first;
}

std::string PublishableEventName(std::string_view name) {
  const std::string under_custom = absl::StrCat("custom.", std::string(name));
  const std::string full = IsDottedEventName(name) ? std::string(name) : under_custom;
  const bool can_be = full.size() <= kEventNameBytesMax && IsDottedEventName(full) &&
                      EventCategoryOf(full) == "custom";
  return can_be ? full : "";
}

}  // namespace tasker::config
