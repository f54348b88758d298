// Puts together what a subscriber is sent next.
#pragma once

#include <cstddef>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

#include "service/events/encoded_response.h"
#include "service/events/event_cursor.h"
#include "service/events/event_log.h"
#include "service/events/event_router.h"
#include "service/events/event_window.h"

namespace tasker::service {

// What lies behind a place for members of a group.
struct EventBatch {
  // Null: nothing that matches.
  EncodedResponsePtr response;
  // Sent or passed over with it.
  EventCursor reached;
};

// Who asks for the same within a pass is given the same bytes. Not thread-safe.
class EventBatches {
 public:
  // All must outlive it.
  EventBatches(const EventLog* log, EventWindow* window, const EventRouter* router)
      : log_(*log), window_(*window), router_(*router) {}

  // What the router has found, up to its head. Precondition: group.Covers(after). If the window no
  // longer holds an event, the group covers less from now on, and so may not `after` any more:
  // then there is no response and `reached` is `after`.
  EventBatch FromWindow(FilterGroup& group, const EventCursor& after, std::size_t events_max);

  // Reads the log on from there, a bounded piece and no further than to the router's head. Error:
  // what the log answers.
  absl::StatusOr<EventBatch> FromLog(const FilterGroup& group, const EventCursor& after,
                                     std::size_t events_max);

  // Begins another pass.
  void Forget();

 private:
  using Question = std::tuple<const FilterGroup*, EventCursor, std::size_t>;

  std::string Encoded(const storage::v1::EventRecord& event, const EventCursor& place);
  const EventBatch& Remember(const Question& question, EventBatch batch);

  const EventLog& log_;
  EventWindow& window_;
  const EventRouter& router_;
  absl::flat_hash_map<Question, EventBatch> answers_;
  std::size_t bytes_ = 0;
};

}  // namespace tasker::service
