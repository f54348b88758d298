// A place in the event log, and its opaque text.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "storage/store.h"

namespace tasker::service {

// Stands behind one event of a partition's log; ordered within a partition.
struct EventCursor {
  storage::PartitionId partition{};
  storage::Sequence sequence{};
  // Of the event in its commit, from 0; kWholeCommit: behind all of them.
  std::uint32_t index = kWholeCommit;
  // Which of the events that tell of the same: 0 is the stored one, 1 and up are its mirrors.
  std::uint32_t facet = 0;

  static constexpr std::uint32_t kWholeCommit = std::numeric_limits<std::uint32_t>::max();

  auto operator<=>(const EventCursor&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const EventCursor& cursor) {
    return H::combine(std::move(state), cursor.partition, cursor.sequence, cursor.index,
                      cursor.facet);
  }

  // `PARTITION-SEQUENCE`, `PARTITION-SEQUENCE-INDEX` or `PARTITION-SEQUENCE-INDEX-FACET`, decimal.
  // Clients must not look into it.
  std::string ToString() const;

  // Nullopt if `text` was not made by ToString.
  static std::optional<EventCursor> Parse(std::string_view text);
};

}  // namespace tasker::service
