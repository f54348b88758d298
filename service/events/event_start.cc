#include "service/events/event_start.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"

#include "engine/tasks/record_codec.h"
#include "service/events/event_mirrors.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using google::protobuf::util::TimeUtil;

struct Row {
  storage::Sequence sequence{};
  storage::v1::EventBatchRecord events;

  // Of its newest event.
  std::int64_t at_us() const {
    std::int64_t at = 0;
    for (const auto& event : events.events()) at = std::max(at, event.at_us());
    return at;
  }
};

// The log's first row in [first, end); nullopt if there is none.
absl::StatusOr<std::optional<Row>> FirstRow(storage::Snapshot& snapshot,
                                            storage::PartitionId partition, std::uint64_t first,
                                            std::uint64_t end) {
  const auto rows =
      snapshot.Scan(storage::Table::kEvents, storage::EventKey(partition, storage::Sequence{first}),
                    storage::EventKey(partition, storage::Sequence{end}));
  if (!rows->Valid()) {
    if (absl::Status read = rows->status(); !read.ok()) return read;
    return std::nullopt;
  }
  const std::optional<storage::Sequence> sequence = storage::EventSequenceIn(rows->key());
  Row row;
  if (!sequence || !row.events.ParseFromString(std::string(rows->value()))) {
    return absl::DataLossError("a row of the event log cannot be read");
  }
  row.sequence = *sequence;
  return row;
}

// In front of the first event of `row` that is not before `from_us`.
EventCursor Before(storage::PartitionId partition, const Row& row, std::int64_t from_us) {
  int first = 0;
  while (row.events.events(first).at_us() < from_us) ++first;
  if (first == 0) return {partition, storage::Sequence{Raw(row.sequence) - 1}};
  const auto mirrors = MirrorsOf(row.events.events(first - 1).name());
  return {partition, row.sequence, static_cast<std::uint32_t>(first - 1),
          static_cast<std::uint32_t>(mirrors.size())};
}

absl::StatusOr<engine::Timestamp> TimeIn(const google::protobuf::Timestamp& time) {
  if (time.seconds() < TimeUtil::kTimestampMinSeconds ||
      time.seconds() > TimeUtil::kTimestampMaxSeconds || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return absl::InvalidArgumentError(absl::StrCat("from_time: ", time.seconds(), " s and ",
                                                   time.nanos(),
                                                   " ns are no time from the year 1 to 9999"));
  }
  // An event of that very microsecond is before what comes within it.
  const std::int64_t part_us = (time.nanos() + 999) / 1000;
  return engine::FromMicros(time.seconds() * 1'000'000 + part_us);
}

}  // namespace

absl::StatusOr<EventCursor> EventStarts::End() const {
  const absl::StatusOr<storage::Sequence> newest = store_.LastSequence(log_.partition());
  if (!newest.ok()) return newest.status();
  return EventCursor{log_.partition(), *newest};
}

absl::StatusOr<EventCursor> EventStarts::Find(const v1::EventStart& start,
                                              const EventFilter& filter) const {
  switch (start.start_case()) {
    case v1::EventStart::kFromEarliest:
      if (!start.from_earliest()) return End();
      return EventCursor{log_.partition(), storage::Sequence{0}};
    case v1::EventStart::kAfterCursor: {
      absl::StatusOr<EventCursor> cursor = AfterCursor(start.after_cursor());
      if (!cursor.ok()) return cursor;
      if (absl::Status kept = CheckKept(*cursor, filter); !kept.ok()) return kept;
      return cursor;
    }
    case v1::EventStart::kFromTime:
      return FromTime(start.from_time(), filter);
    case v1::EventStart::kAfterPosition: {
      absl::StatusOr<EventCursor> cursor = AfterPosition(start.after_position(), "after_position");
      if (!cursor.ok()) return cursor;
      if (absl::Status kept = CheckKept(*cursor, filter); !kept.ok()) return kept;
      return cursor;
    }
    case v1::EventStart::START_NOT_SET:
      return End();
  }
  return End();
}

absl::StatusOr<EventCursor> EventStarts::Find(const v1::SubscribeRequest& request,
                                              const EventFilter& filter) const {
  v1::EventStart start;
  if (request.has_from_earliest()) start.set_from_earliest(request.from_earliest());
  if (request.has_after_cursor()) start.set_after_cursor(request.after_cursor());
  if (request.has_from_time()) *start.mutable_from_time() = request.from_time();
  if (request.has_after_position()) *start.mutable_after_position() = request.after_position();
  absl::StatusOr<EventCursor> found = Find(start, filter);
  if (!found.ok() || !request.has_at_least()) return found;
  absl::StatusOr<EventCursor> least = AfterPosition(request.at_least(), "at_least");
  if (!least.ok()) return least;
  return std::max(*found, *least);
}

absl::StatusOr<EventCursor> EventStarts::AfterCursor(const std::string& text) const {
  const absl::StatusOr<EventCursor> end = End();
  if (!end.ok()) return end;
  const std::optional<EventCursor> cursor = EventCursor::Parse(text);
  // Equal to the end is fine; past it, it was made by another store.
  if (!cursor || cursor->partition != end->partition || cursor->sequence > end->sequence) {
    return absl::InvalidArgumentError(
        absl::StrCat("after_cursor: \"", absl::CHexEscape(text),
                     "\" is not a cursor of this service's event log"));
  }
  return *cursor;
}

absl::StatusOr<EventCursor> EventStarts::AfterPosition(const v1::Position& position,
                                                       std::string_view field) const {
  absl::StatusOr<EventCursor> end = End();
  if (!end.ok()) return end;
  if (position.partition() != Raw(end->partition) || position.sequence() > Raw(end->sequence)) {
    return absl::FailedPreconditionError(
        absl::StrCat(std::string(field), ": the log holds the commits of partition ",
                     Raw(end->partition), " up to ", Raw(end->sequence), "; there is no commit ",
                     position.sequence(), " of partition ", position.partition()));
  }
  return EventCursor{end->partition, storage::Sequence{position.sequence()}};
}

absl::StatusOr<EventCursor> EventStarts::FromTime(const google::protobuf::Timestamp& time,
                                                  const EventFilter& filter) const {
  const absl::StatusOr<engine::Timestamp> from = TimeIn(time);
  if (!from.ok()) return from.status();
  absl::StatusOr<EventCursor> start = FirstSince(*from);
  if (!start.ok()) return start;
  const engine::Timestamp removed = log_.FloorTimeFor(filter);
  if (removed < *from) return start;
  if (removed == engine::Timestamp::max()) {
    // A commit that is kept, between what was removed and the start, is later than that.
    const auto between = FirstRow(*store_.TakeSnapshot(), log_.partition(),
                                  Raw(log_.FloorFor(filter)) + 1, Raw(start->sequence) + 1);
    if (!between.ok()) return between.status();
    if (between->has_value()) return start;
  }
  return log_.PastRetention(filter);
}

absl::StatusOr<EventCursor> EventStarts::FirstSince(engine::Timestamp from) const {
  const std::int64_t from_us = engine::ToMicros(from);
  const absl::StatusOr<EventCursor> end = End();
  if (!end.ok()) return end;
  const auto snapshot = store_.TakeSnapshot();
  // Rows in front of `low` are earlier, `found` is the first known that is not.
  std::uint64_t low = 0;
  std::uint64_t high = Raw(end->sequence) + 1;
  std::optional<Row> found;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    absl::StatusOr<std::optional<Row>> row = FirstRow(*snapshot, log_.partition(), middle, high);
    if (!row.ok()) return row.status();
    if (!*row) {
      high = middle;
    } else if ((*row)->at_us() >= from_us) {
      found = **std::move(row);
      high = middle;
    } else {
      low = Raw((*row)->sequence) + 1;
    }
  }
  return found ? Before(log_.partition(), *found, from_us) : *end;
}

absl::Status EventStarts::CheckKept(const EventCursor& start, const EventFilter& filter) const {
  if (start.sequence < log_.FloorFor(filter)) return log_.PastRetention(filter);
  return absl::OkStatus();
}

}  // namespace tasker::service
