#include "clients/cli/time_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"

namespace tasker::cli {

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

std::string TimeText(bool present, const google::protobuf::Timestamp& timestamp) {
  return present ? TimeText(ToTime(timestamp)) : "";
}

std::string DurationText(absl::Duration duration) {
  duration = std::max(duration, absl::ZeroDuration());
  // Limits lie where rounding would carry into the next unit.
  if (duration < absl::Microseconds(9950)) {
    return absl::StrFormat("%.1fms", absl::ToDoubleMilliseconds(duration));
  }
  if (duration < absl::Microseconds(999500)) {
    return absl::StrFormat("%.0fms", absl::ToDoubleMilliseconds(duration));
  }
  if (duration < absl::Milliseconds(59950)) {
    return absl::StrFormat("%.1fs", absl::ToDoubleSeconds(duration));
  }
  const std::int64_t seconds = absl::ToInt64Seconds(duration + absl::Milliseconds(500));
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  if (hours == 0) return absl::StrFormat("%dm%02ds", minutes, seconds % 60);
  if (hours < 24) return absl::StrFormat("%dh%02dm", hours, minutes % 60);
  return absl::StrFormat("%dd%02dh", hours / 24, hours % 24);
}

}  // namespace tasker::cli
