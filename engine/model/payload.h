// JSON bytes that the engine passes on and never looks into.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tasker::engine {

// Shared because a context or a result is held by its step, by each assignment under way that
// carries it, and by the commit that stores it, and may be megabytes. Null means empty.
using Payload = std::shared_ptr<const std::string>;

inline Payload MakePayload(std::string text) {
  return text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text));
}

inline std::string_view View(const Payload& payload) {
  return payload == nullptr ? std::string_view() : std::string_view(*payload);
}

}  // namespace tasker::engine
