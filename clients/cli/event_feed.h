// Events that go on after the service was restarted.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/support/status.h"

#include "clients/cli/connection.h"
#include "clients/cli/event_stream.h"

namespace tasker::cli {

// A subscription that survives the service: when the stream breaks, it subscribes again after the
// last cursor, so that every event is seen exactly once. For one thread only.
class EventFeed {
 public:
  // What to do when the service no longer keeps the events after the last cursor.
  enum class Expiry {
    // The feed fails: its reader wants every event.
    kFail,
    // The feed goes on with what happens from then on: its reader looks at the state itself
    // whenever the feed becomes live.
    kSkip,
  };

  // Nothing is sent before the first call of Next. The connection's timeout bounds how long the
  // service may be out of reach; the very first subscription is not tried twice.
  EventFeed(Connection& connection, const v1::SubscribeRequest& request, Expiry expiry);

  enum class Signal {
    // The subscription stands: from now on nothing is missed. Comes again after kInterrupted.
    kLive,
    // Events came: `events()`.
    kEvents,
    // Of a start with a snapshot: tasks as they are came, `tasks()`, perhaps the last of them:
    // `snapshot_complete()`. After a kInterrupted before that they come again, from the beginning.
    kTasks,
    // The stream broke, see `status()`; the feed subscribes again by itself.
    kInterrupted,
    // The deadline came first.
    kIdle,
    // The feed is over, see `status()`. So is every further call of Next.
    kFailed,
  };

  // Waits for the next signal until `deadline` at the latest.
  Signal Next(absl::Time deadline);

  // The events of the last kEvents, in order.
  const google::protobuf::RepeatedPtrField<v1::Event>& events() const {
    return stream_->response().events();
  }
  // Those of the last kTasks.
  const google::protobuf::RepeatedPtrField<v1::Task>& tasks() const {
    return stream_->response().tasks();
  }
  // The commit as of which they are.
  const v1::Position& snapshot_position() const { return stream_->response().snapshot_position(); }
  bool snapshot_complete() const { return snapshot_complete_; }
  const grpc::Status& status() const { return status_; }
  // How a named subscription calls the one who consumes it by this feed; another after each
  // kInterrupted.
  const std::string& consumer_id() const { return consumer_id_; }
  // Everything up to here was handed out; empty if nothing was yet.
  const std::string& cursor() const { return cursor_; }

 private:
  void Subscribe();
  Signal Received();
  Signal Ended(const grpc::Status& status);
  Signal Fail(const grpc::Status& status);
  grpc::Status Unreachable() const;

  Connection& connection_;
  v1::SubscribeRequest request_;
  const Expiry expiry_;
  std::optional<EventStream> stream_;
  std::string cursor_;
  std::string consumer_id_;
  grpc::Status status_;
  bool failed_ = false;
  bool live_ = false;
  bool was_live_ = false;
  bool snapshot_complete_ = false;
  // Meaningful while not live: when to try again, and when to stop trying.
  absl::Time retry_at_ = absl::InfinitePast();
  absl::Time give_up_at_;
  absl::Duration retry_delay_;
};

}  // namespace tasker::cli
