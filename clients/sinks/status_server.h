// Metrics and health over HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/sinks/sink.h"
#include "clients/sinks/sink_metrics.h"

namespace tasker::sinks {

// GET /metrics: Prometheus's text. GET /health/live: 200 as long as the process can answer. GET
// /health/ready: 200 if every sink has its stream of events, else 503; with a JSON list of what
// each sink is doing, either way.
//
// Threads of its own, which touch nothing but what they are given here.
class StatusServer {
 public:
  // Serves at once. UNAVAILABLE: the address, host:port, cannot be had. Port 0: one that is free.
  // `health` is called for each question, on the server's threads.
  static absl::StatusOr<std::unique_ptr<StatusServer>> Start(
      const std::string& address, const Metrics& metrics,
      std::function<std::vector<SinkHealth>()> health);
  ~StatusServer();

  int port() const;

 private:
  struct State;
  explicit StatusServer(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace tasker::sinks
