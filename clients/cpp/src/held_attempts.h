// Every attempt that this process answers for: being worked on, or its result not acknowledged.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "clients/cpp/src/attempt.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// What an attempt told of how far it is. The newest counts.
struct AttemptReport {
  std::optional<std::string> checkpoint;
  std::optional<v1::Progress> progress;

  // Takes over what `newer` has.
  void Update(AttemptReport&& newer);
};

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

  // What the attempt of that token told of itself is to be sent. Unknown tokens change nothing.
  void Report(const std::string& token, AttemptReport report);

  // The result of that token is dealt with. Unknown tokens and running attempts stay as they are.
  void Acknowledge(const std::string& token);

  // The work of that token is no longer wanted: a handler that runs is told, and its result will be
  // sent. Unknown tokens change nothing.
  void Cancel(const std::string& token, const std::string& reason = {});

  // The work and the result of that token are no longer wanted: a handler that runs is told.
  // Unknown tokens change nothing. Says whether it was held and its result not sent on this
  // connection.
  bool Abandon(const std::string& token, const std::string& reason = {});

  // The same for all.
  void AbandonAll();

  // Results and checkpoints sent over a connection that broke are to be sent again.
  void ResendAll();

  // Changes every result that is kept.
  void ForEachResult(const std::function<void(v1::StepResult&)>& change);

  // Copies unsent results into `request`, in the order they were finished, until it holds more
  // than `bytes_max`: at least one, if there is one. A result whose attempt has unsent reports
  // waits for the next message: within one, results count first. Gives how many it took.
  std::size_t TakeUnsent(std::size_t bytes_max, v1::ConnectRequest& request);

  // Adds unsent reports until `heartbeat` holds more than `bytes_max`.
  void TakeReports(std::size_t bytes_max, v1::Heartbeat& heartbeat);

  // Adds the tokens of all held attempts.
  void AppendTokens(google::protobuf::RepeatedPtrField<std::string>& tokens) const;

  // The shortest heartbeat_timeout of those that run; zero: none has any.
  std::chrono::nanoseconds ShortestHeartbeatTimeout() const;

  // Whether there are results, or reports, that were not sent on this connection.
  bool has_unsent() const { return !unsent_.empty(); }
  bool has_reports() const { return !unreported_.empty(); }

  // Attempts held, abandoned ones not counted.
  std::size_t size() const { return held_.size(); }
  bool empty() const { return held_.empty(); }

 private:
  struct Held {
    // Null once the handler has returned.
    std::unique_ptr<Attempt> running;
    // Set once the handler has returned.
    v1::StepResult result;
    // Whether the result was sent on this connection.
    bool sent = false;
    // Null unless the attempt told of itself, which few do.
    std::unique_ptr<AttemptReport> unsent_report;
    // The newest checkpoint, to be sent again over another connection.
    std::unique_ptr<std::string> checkpoint;
  };

  absl::flat_hash_map<std::string, Held> held_;
  absl::flat_hash_map<const Attempt*, std::unique_ptr<Attempt>> abandoned_;
  // Tokens of results to send; may name some that are gone by now.
  std::deque<std::string> unsent_;
  // Tokens of attempts with an unsent report; may name some that are gone by now.
  std::vector<std::string> unreported_;
};

}  // namespace tasker::client
