#include "service/events/subscriptions/subscription_record.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/time_util.h>

namespace tasker::service {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::size_t kNameBytesMax = 128;
constexpr std::int64_t kAckTimeoutUs = 60'000'000;
constexpr std::int64_t kAckTimeoutUsMin = 100'000;
constexpr std::int64_t kAckTimeoutUsMax = std::int64_t{24} * 3600 * 1'000'000;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

template <typename Field>
void SortUnique(Field& field) {
  std::ranges::sort(field);
  field.erase(std::ranges::unique(field).begin(), field.end());
}

v1::EventFilter Canonical(v1::EventFilter filter) {
  for (std::string& id : *filter.mutable_task_ids()) absl::AsciiStrToLower(&id);
  SortUnique(*filter.mutable_names());
  SortUnique(*filter.mutable_task_ids());
  SortUnique(*filter.mutable_categories());
  SortUnique(*filter.mutable_priorities());
  SortUnique(*filter.mutable_tags());
  return filter;
}

}  // namespace

absl::Status CheckSubscriptionName(std::string_view name, std::string_view field) {
  if (!name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, IsNameCharacter)) {
    return absl::OkStatus();
  }
  const std::string what =
      name.empty() ? "is missing"
      : name.size() > kNameBytesMax
          ? absl::StrCat("has ", name.size(), " bytes")
          : absl::StrCat("\"", absl::CHexEscape(std::string(name)), "\" has other characters");
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(field), ": ", what,
                   "; a name is letters, digits, `.`, `_` and `-`, at most 128 bytes"));
}

absl::StatusOr<std::int64_t> AckTimeoutOf(const google::protobuf::Duration* given) {
  if (given == nullptr) return kAckTimeoutUs;
  // Seconds alone first: what comes of wild ones is undefined.
  const bool wild = given->seconds() < 0 || given->seconds() > kAckTimeoutUsMax / 1'000'000 ||
                    given->nanos() < 0 || given->nanos() > 999'999'999;
  const std::int64_t micros = wild ? -1 : TimeUtil::DurationToMicroseconds(*given);
  if (micros < kAckTimeoutUsMin || micros > kAckTimeoutUsMax) {
    return absl::InvalidArgumentError("ack_timeout: must be 100 milliseconds to 1 day");
  }
  return micros;
}

bool SameFilter(const v1::EventFilter& one, const v1::EventFilter& other) {
  return google::protobuf::util::MessageDifferencer::Equals(Canonical(one), Canonical(other));
}

storage::v1::EventPlaceRecord PlaceOf(const EventCursor& cursor) {
  storage::v1::EventPlaceRecord place;
  place.set_sequence(Raw(cursor.sequence));
  if (cursor.index != EventCursor::kWholeCommit) place.set_index_plus_one(cursor.index + 1);
  place.set_facet(cursor.facet);
  return place;
}

EventCursor CursorOf(const storage::v1::EventPlaceRecord& place, storage::PartitionId partition) {
  EventCursor cursor{partition, storage::Sequence{place.sequence()}, EventCursor::kWholeCommit,
                     place.facet()};
  if (place.index_plus_one() > 0) cursor.index = place.index_plus_one() - 1;
  return cursor;
}

}  // namespace tasker::service
