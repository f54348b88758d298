// The newest events as subscribers are sent them, each rendered once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

#include "service/events/event_cursor.h"
#include "service/pipeline/committed.h"
#include "storage/store.h"
#include "tasker/v1/event.pb.h"

namespace tasker::service {

// Holds as many commits as fit into its limit, rendered events counted. Not thread-safe.
class EventWindow {
 public:
  // `bytes_max`: one commit may go beyond it.
  explicit EventWindow(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Commits come in order.
  void Add(storage::Sequence sequence, EventBatchPtr events);
  void Clear();

  // The event at `place`, as EncodedEvent gives it; null: it is not held. Valid until the next call
  // of any method.
  const std::string* Encoded(const EventCursor& place);
  // The same, of an event that the caller has rendered already.
  void Keep(const EventCursor& place, const v1::Event& event);

 private:
  // Index and facet.
  using Place = std::pair<std::uint32_t, std::uint32_t>;
  struct Commit {
    storage::Sequence sequence;
    EventBatchPtr events;
    std::size_t bytes;
    absl::flat_hash_map<Place, std::string> encoded;
  };

  Commit* Find(storage::Sequence sequence);
  // Adds bytes to `commit`, then removes the oldest until the rest fits.
  void Grow(Commit& commit, std::size_t bytes);

  const std::size_t bytes_max_;
  std::deque<Commit> commits_;
  std::size_t bytes_ = 0;
};

}  // namespace tasker::service
