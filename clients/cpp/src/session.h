// The life of a worker, from Run() to its return, over as many connections as it takes.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"

#include "clients/cpp/src/backoff.h"
#include "clients/cpp/src/connection.h"
#include "clients/cpp/src/features.h"
#include "clients/cpp/src/handler_pool.h"
#include "clients/cpp/src/handler_registry.h"
#include "clients/cpp/src/held_attempts.h"
#include "clients/cpp/src/inbox.h"
#include "tasker/client/worker.h"

namespace tasker::client {

// One thread, the one in Run(), owns the connection and the book of attempts, so neither has a
// lock; all others speak to it through the inbox. It waits at one place, gRPC's completion queue,
// for network, inbox and time alike. While a write is under way, everything that becomes ready
// waits, and goes into the next message together.
//
// Stop() is thread-safe; Run() may be called once.
class Session {
 public:
  // All must outlive the session. `addresses`: at least one.
  Session(const WorkerOptions& options, const std::vector<std::string>& addresses,
          const HandlerRegistry& registry, const Sequence::TaskReader& reader);
  // Precondition: Run() is not running.
  ~Session();

  // As Worker::Run.
  absl::Status Run(std::shared_ptr<grpc::ChannelCredentials> credentials);
  void Stop() { inbox_.PostStop(); }

  // Which of the addresses it is connected to, or tries. Thread-safe.
  std::size_t address_index() const { return address_index_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  enum class Phase {
    kDown,         // No connection; the next try is at `phase_until_`.
    kRegistering,  // Connecting, or waiting for the answer to `register` until `phase_until_`.
    kServing,
    kClosing,  // This side is closed; waiting for the service's end until `phase_until_`.
  };

  using Fields = std::vector<std::pair<std::string, std::string>>;

  void Connect();
  void Disconnected(const absl::Status& status);
  bool EndsRun(absl::StatusCode code) const;
  void OnOperation(Operation operation, bool ok);
  void OnMessage(v1::ConnectResponse& message);
  void OnRegistered(const v1::Registered& registered);
  void OnEnded(const grpc::Status& status);
  void OnInbox();
  void OnTime(Time now);
  void OnHeartbeat(Time now);
  Time NextDeadline() const;

  void SendRegister();
  void SendWhatIsReady();
  bool HasSomethingToSend() const;
  void CloseIfDone();
  void Start(v1::Assignment assignment);
  v1::StepResult Perform(Attempt& attempt) const;
  void Finish(Attempt* attempt, v1::StepResult result);
  void Drop(const std::string& token, const std::string& reason);
  void QuickenHeartbeat(std::chrono::nanoseconds heartbeat_timeout);
  void RefreshToken();
  // Cancels and waits for everything that still runs.
  void ShutDown();
  const std::string& address() const { return addresses_[address_index()]; }
  void Log(LogLevel level, const std::string& message, Fields fields = {}) const;

  const WorkerOptions& options_;
  const std::vector<std::string>& addresses_;
  const HandlerRegistry& registry_;
  const Sequence::TaskReader& reader_;

  grpc::CompletionQueue queue_;
  Inbox inbox_;
  HeldAttempts held_;
  std::unique_ptr<HandlerPool> pool_;  // Null: handlers run on this thread.
  std::unique_ptr<Connection> connection_;
  absl::BitGen random_;
  Backoff backoff_;

  Phase phase_ = Phase::kDown;
  Time phase_until_;
  Time heartbeat_at_ = Time::max();
  Time drain_until_ = Time::max();
  // As the service asks, and as the attempts do besides.
  std::chrono::nanoseconds heartbeat_interval_{};
  std::chrono::nanoseconds heartbeat_every_{};
  std::uint64_t payload_bytes_max_ = 0;
  Features features_;
  // The running total on this stream: the concurrency, less what was held at its beginning, and one
  // for each result sent and each attempt taken away since. Below zero counts as zero.
  std::int64_t credits_ = 0;
  std::int64_t credits_sent_ = -1;
  std::string token_;  // As the service knows it.
  std::string token_to_send_;
  bool heartbeat_due_ = false;
  // Tokens of assignments whose arrival the service has not been told of.
  std::vector<std::string> unconfirmed_;
  bool stopping_ = false;
  bool drain_sent_ = false;      // On this connection.
  bool service_drains_ = false;  // This connection.
  // Set when Run() is to return it.
  std::optional<absl::Status> outcome_;

  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::atomic<std::size_t> address_index_ = 0;

  // Kept for their memory.
  v1::ConnectRequest request_;
  Posted posted_;
};

}  // namespace tasker::client
