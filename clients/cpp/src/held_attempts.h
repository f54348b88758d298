// Every attempt that this process answers for: being worked on, or its result not acknowledged.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"

#include "clients/cpp/src/attempt.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// The book of attempts, kept over broken connections. An attempt is running, then unsent, then
// sent, and gone once acknowledged. One that was taken away while running is abandoned: it holds
// nothing any more, but its object stays until its thread comes back with it.
//
// Not thread-safe: belongs to the thread in Run(). A running Attempt is used by its handler's
// thread.
class HeldAttempts {
 public:
  // Takes an attempt that now runs. nullptr if its token is held already: then nothing changes.
  Attempt* Add(std::unique_ptr<Attempt> attempt);

  // The handler has returned. Keeps `result`, to be sent; forgets it if `attempt` was abandoned.
  // `attempt` is gone afterwards.
  void Finish(Attempt* attempt, v1::StepResult result);

  // The result of that token is dealt with. Unknown tokens and running attempts stay as they are.
  void Acknowledge(const std::string& token);

  // The work of that token is no longer wanted: a handler that runs is told, and its result will be
  // sent. Unknown tokens change nothing.
  void Cancel(const std::string& token);

  // The work and the result of that token are no longer wanted: a handler that runs is told.
  // Unknown tokens change nothing.
  void Abandon(const std::string& token);

  // The same for all.
  void AbandonAll();

  // Results sent over a connection that broke are to be sent again.
  void ResendAll();

  // Moves on unsent results into `request`, in the order they were finished, until it holds more
  // than `bytes_max`: at least one, if there is one.
  void TakeUnsent(std::size_t bytes_max, v1::ConnectRequest& request);

  // Adds the tokens of all held attempts.
  void AppendTokens(google::protobuf::RepeatedPtrField<std::string>& tokens) const;

  // Whether there are results that were not sent on this connection.
  bool has_unsent() const { return !unsent_.empty(); }

  // Attempts held, abandoned ones not counted.
  std::size_t size() const { return held_.size(); }
  bool empty() const { return held_.empty(); }

 private:
  struct Held {
    // Null once the handler has returned.
    std::unique_ptr<Attempt> running;
    // Set once the handler has returned.
    v1::StepResult result;
  };

  absl::flat_hash_map<std::string, Held> held_;
  absl::flat_hash_map<const Attempt*, std::unique_ptr<Attempt>> abandoned_;
  // Tokens of results to send; may name some that are gone by now.
  std::deque<std::string> unsent_;
};

}  // namespace tasker::client
