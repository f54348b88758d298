#include "service/events/event_cursor.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tasker::service {

std::string EventCursor::ToString() const {
  std::string text = absl::StrCat(Raw(partition), "-", Raw(sequence));
  if (index != kWholeCommit) absl::StrAppend(&text, "-", index);
  if (facet != 0) absl::StrAppend(&text, "-", facet);
  return text;
}

std::optional<EventCursor> EventCursor::Parse(std::string_view text) {
  const std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(text.data(), text.size()), '-');
  if (parts.size() < 2 || parts.size() > 4) return std::nullopt;
  std::uint32_t partition = 0;
  std::uint64_t sequence = 0;
  EventCursor cursor;
  if (!absl::SimpleAtoi(parts[0], &partition) ||
      partition > std::numeric_limits<std::uint16_t>::max() ||
      !absl::SimpleAtoi(parts[1], &sequence) ||
      (parts.size() > 2 && !absl::SimpleAtoi(parts[2], &cursor.index)) ||
      (parts.size() > 3 && !absl::SimpleAtoi(parts[3], &cursor.facet))) {
    return std::nullopt;
  }
  cursor.partition = storage::PartitionId{static_cast<std::uint16_t>(partition)};
  cursor.sequence = storage::Sequence{sequence};
  // SimpleAtoi takes spaces and signs; a cursor of ours never has them.
  if (cursor.ToString() != text || (parts.size() > 3 && parts[2] == "4294967295"))
    return std::nullopt;
  return cursor;
}

}  // namespace tasker::service
