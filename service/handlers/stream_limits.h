// What a handler's stream is held to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/model/time.h"

namespace tasker::service {

// Limits of one stream. Defaults of those without a setting are what a test or a strange handler
// may meet, not what a busy one does.
struct StreamLimits {
  // Told to the handler when it registers; settings `handlers.lease`, `handlers.heartbeat`.
  engine::Duration lease{};
  engine::Duration heartbeat{};
  engine::Duration confirm_within{};
  engine::Duration cancel_grace{};
  // Largest result; setting `limits.payload`.
  std::uint64_t payload_bytes_max = 0;
  // The most that an assignment carries of context and results of earlier steps, together.
  std::size_t assignment_bytes_max = 256u << 20;
  // A message to a handler is closed once it is this long, and holds one part more at most.
  std::size_t frame_bytes = 1u << 20;
  // A handler that has more than this unread is read no further.
  std::size_t outbox_bytes_max = 16u << 20;
  // Likewise with this many of its messages not yet durable.
  int frames_under_way_max = 16;
  // Largest checkpoint; a larger one fails its attempt.
  std::size_t checkpoint_bytes_max = 64u << 10;
  // Events that come with one result, and what a failure carries for programs.
  int events_per_result_max = 100;
  std::size_t details_bytes_max = 64u << 10;
  // What people are told of an attempt's progress is cut to this.
  std::size_t progress_bytes_max = 256;
  // What is longer in a failure is cut off, with a mark at its end.
  std::size_t error_class_bytes_max = 256;
  std::size_t error_message_bytes_max = 16u << 10;
  std::size_t backtrace_bytes_max = 64u << 10;
};

}  // namespace tasker::service
