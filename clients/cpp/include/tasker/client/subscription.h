// A stream of events that goes on where it broke.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

#include "tasker/v1/event_service.pb.h"

namespace grpc {
class Channel;
}

namespace tasker::client {

// Which events, and from where.
struct SubscriptionOptions {
  // Which events; empty: all.
  v1::EventFilter filter;
  // Starts behind this cursor. It wins over `from_earliest`.
  std::string after_cursor;
  // Starts with the earliest event still kept. Neither: with what happens from now on.
  bool from_earliest = false;
  // A subscription that the service keeps under this name, and makes if there is none; empty: none.
  // Then the service knows the place: what the callback has returned from is acknowledged, once a
  // response, and what was not comes again, to this or another consumer of the name; so an event
  // may come twice. Several share the events by task. An empty filter then stands for whatever the
  // subscription has, and where to start counts only when it is made.
  std::string subscription = {};
  // What people are to call this consumer of it.
  std::string consumer_name = {};
  // How many events it is given ahead; 0: as many as the service thinks fit.
  std::uint32_t unacknowledged_max = 0;
};

// Gets one event after the other, in order, each once. Runs on the subscription's thread: while it
// does, no further event is read, and nothing is lost. Must not throw, and must not destroy its
// subscription.
using EventCallback = std::function<void(const v1::Event& event)>;

// Events for one callback. Connects again behind the last event when the stream breaks.
//
// Thread-safe, but for the destructor.
class Subscription {
 public:
  // Ends the subscription: after it returns the callback is not called again.
  ~Subscription();

  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // Subscribe behind this to go on after the last event whose callback has returned.
  std::string cursor() const;

  // Blocks until the subscription has ended, and says why: OK after Cancel(), otherwise what the
  // service said (OUT_OF_RANGE: the events behind the cursor are no longer kept).
  absl::Status Wait();

  // Ends the subscription without waiting for a callback that runs.
  void Cancel();

 private:
  friend class Client;
  friend class Subscriber;
  class State;
  explicit Subscription(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tasker::client
