// Times and durations as people read them.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace tasker::cli {

// Any value is taken; what no clock can hold saturates.
absl::Time ToTime(const google::protobuf::Timestamp& timestamp);

// `2025-03-01T09:30:00.250Z`: UTC, milliseconds.
std::string TimeText(absl::Time time);

// The same for a field that may be unset, given by `present`: then empty.
std::string TimeText(bool present, const google::protobuf::Timestamp& timestamp);

// Two significant parts: `0.4ms`, `12ms`, `4.2s`, `3m07s`, `2h05m`, `3d04h`. What lies below zero
// (two clocks that disagree) counts as zero.
std::string DurationText(absl::Duration duration);

}  // namespace tasker::cli
