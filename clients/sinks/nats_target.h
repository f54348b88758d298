// NATS, by its own C library.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"

#include "clients/sinks/target.h"
#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// With JetStream an event is delivered once a stream has acknowledged it; without, once the server
// has answered a ping behind it on the same connection. `Nats-Msg-Id` is the event's id, by which a
// stream tells that an event comes again.
//
// Connects with the first Send, and again by itself.
class NatsTarget : public Target {
 public:
  explicit NatsTarget(config::NatsSettings settings);
  ~NatsTarget() override;

  TargetLimits limits() const override;
  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) override;
  void Stop() override;
  std::string description() const override;

 private:
  struct Connection;
  class Answers;

  // A connection that stands. UNAVAILABLE: why there is none.
  absl::Status Connect();
  std::vector<Outcome> PublishToStream(std::span<const CloudEvent* const> events);
  std::vector<Outcome> PublishAndFlush(std::span<const CloudEvent* const> events);

  const config::NatsSettings settings_;
  // Lives until the process ends: threads of the library may tell of it after a connection's end.
  Answers& answers_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tasker::sinks
