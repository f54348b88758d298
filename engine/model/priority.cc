#include "engine/model/priority.h"

namespace tasker::engine {

std::optional<Priority> ParsePriority(std::string_view text) {
  if (text == "low") return Priority::kLow;
  if (text == "normal") return Priority::kNormal;
  if (text == "high") return Priority::kHigh;
  if (text == "critical") return Priority::kCritical;
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') {
    return static_cast<Priority>(text[0] - '0');
  }
  return std::nullopt;
}

}  // namespace tasker::engine
