// Between protobuf's durations and the standard library's.
#pragma once

#include <chrono>

#include "google/protobuf/duration.pb.h"

namespace tasker::client {

inline std::chrono::nanoseconds FromProto(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

// Negative ones become zero.
inline void ToProto(std::chrono::nanoseconds value, google::protobuf::Duration& duration) {
  if (value.count() < 0) value = {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(value);
  duration.set_seconds(seconds.count());
  duration.set_nanos(static_cast<std::int32_t>((value - seconds).count()));
}

}  // namespace tasker::client
