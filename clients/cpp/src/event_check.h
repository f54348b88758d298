// What the service takes as an event of a caller's own.
#pragma once

#include <cstddef>
#include <string>

#include "tasker/client/json.h"

namespace tasker::client {

inline constexpr std::size_t kEventNameBytesMax = 128;
inline constexpr std::size_t kEventPayloadBytesMax = 64u << 10;
inline constexpr std::size_t kEventsMax = 100;
inline constexpr std::size_t kCheckpointBytesMax = 64u << 10;
inline constexpr std::size_t kDetailsBytesMax = 64u << 10;

// `payload` as text. Throws InvalidEventError if the name is not dotted lower case of at most 128
// bytes, or the payload no object of at most 64 KiB.
std::string CheckedEventPayload(const std::string& name, const Json& payload);

}  // namespace tasker::client
