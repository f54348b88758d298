#include "clients/sinks/nats_subject.h"

#include <string_view>
#include <utility>

namespace tasker::sinks {
namespace {

std::string Token(std::string_view text, bool keeps_points) {
  if (text.empty()) return "_";
  std::string token;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_bad = byte <= ' ' || byte == 0x7f || c == '*' || c == '>';
    token += is_bad || (c == '.' && !keeps_points) ? '_' : c;
  }
  return token;
}

}  // namespace

std::string NatsSubject(const std::string& pattern, const CloudEvent& event) {
  const std::pair<std::string_view, std::string> values[] = {
      {"{namespace}", Token(event.namespace_name, false)},
      {"{name}", Token(event.name, true)},
      {"{task_name}", Token(event.task_name, false)},
      {"{task_id}", Token(event.task_id, false)},
  };
  std::string subject;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    bool filled = false;
    for (const auto& [placeholder, value] : values) {
      if (!rest.starts_with(placeholder)) continue;
      subject += value;
      rest.remove_prefix(placeholder.size());
      filled = true;
      break;
    }
    if (filled) continue;
    subject += rest[0];
    rest.remove_prefix(1);
  }
  return subject;
}

}  // namespace tasker::sinks
