#include "clients/cpp/src/event_check.h"

#include <string_view>

#include "clients/cpp/src/json_text.h"
#include "tasker/client/errors.h"

namespace tasker::client {
namespace {

// `order.paid`, `order_2.paid_in_full.now`: at least two words, the first beginning with a letter.
bool IsEventName(std::string_view name) {
  if (name.size() > kEventNameBytesMax || name.empty() || name[0] < 'a' || name[0] > 'z') {
    return false;
  }
  std::size_t dots = 0;
  char before = '\0';
  for (const char c : name) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!is_word && (c != '.' || before == '.')) return false;
    if (c == '.') ++dots;
    before = c;
  }
  return dots > 0 && before != '.';
}

}  // namespace

std::string CheckedEventPayload(const std::string& name, const Json& payload) {
  if (!IsEventName(name)) {
    throw InvalidEventError("`" + name +
                            "` is no name of an event: dotted, lower case, at most 128 bytes, such "
                            "as `order.paid`");
  }
  if (!payload.is_object()) {
    throw InvalidEventError("the payload of `" + name + "` is no JSON object but " +
                            payload.type_name());
  }
  std::string text;
  try {
    text = PrintJson(payload);
  } catch (const NotJsonError& error) {
    throw InvalidEventError("the payload of `" + name + "` is not JSON: " + error.what());
  }
  if (text.size() > kEventPayloadBytesMax) {
    throw InvalidEventError("the payload of `" + name + "` has " + std::to_string(text.size()) +
                            " bytes; at most " + std::to_string(kEventPayloadBytesMax) +
                            " are allowed");
  }
  return text;
}

}  // namespace tasker::client
