#include "config/units.h"

#include <array>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace tasker::config {

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(absl::string_view(text.data(), text.size()), &duration) ||
      duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) {
    return std::nullopt;
  }
  return absl::ToChronoMilliseconds(duration);
}

std::optional<std::chrono::microseconds> ParseSpan(std::string_view text) {
  constexpr absl::Duration kMost = absl::Hours(10 * 365 * 24);
  absl::Duration span;
  double number = 0;
  const bool days = text.ends_with('d');
  const absl::string_view digits(text.data(), text.size() - (days ? 1 : 0));
  if (absl::SimpleAtod(digits, &number)) {
    span = absl::Seconds(number) * (days ? 24 * 60 * 60 : 1);
  } else if (!absl::ParseDuration(absl::string_view(text.data(), text.size()), &span)) {
    return std::nullopt;
  }
  if (span < absl::Microseconds(1) || span > kMost) return std::nullopt;
  return absl::ToChronoMicroseconds(span);
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, int>, 4> kUnits = {
      {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"B", 0}}};
  int shift = 0;
  for (const auto& [unit, bits] : kUnits) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    shift = bits;
    break;
  }
  std::uint64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number) ||
      number > std::numeric_limits<std::uint64_t>::max() >> shift) {
    return std::nullopt;
  }
  return number << shift;
}

}  // namespace tasker::config
