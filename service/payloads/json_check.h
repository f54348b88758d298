// Looking at JSON once, at the door, so that nobody inside has to.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace tasker::service {

// What a payload must be.
enum class JsonKind { kAny, kObject };

// OK if `text` is one JSON value in UTF-8 of that kind and no longer than `bytes_max`. `what` names
// it in messages. Errors: RESOURCE_EXHAUSTED with limit and size; INVALID_ARGUMENT with the reason.
// Thread-safe.
absl::Status CheckJson(std::string_view text, JsonKind kind, std::uint64_t bytes_max,
                       std::string_view what);

}  // namespace tasker::service
