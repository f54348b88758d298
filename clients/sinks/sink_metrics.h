// What Prometheus is told.
#pragma once

#include <memory>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace tasker::sinks {

// The series of one sink. All are thread-safe.
struct SinkMetrics {
  // Events that the target has for good.
  prometheus::Counter& delivered;
  // Attempts that failed, of one event each.
  prometheus::Counter& failed;
  // Of those, attempts that are followed by another.
  prometheus::Counter& retried;
  // Events written to the dead letters.
  prometheus::Counter& dead_lettered;
  // Dead letters that could not be written.
  prometheus::Counter& dead_letter_errors;
  // Events taken and not acknowledged.
  prometheus::Gauge& in_flight;
  // 1: the stream of events is open.
  prometheus::Gauge& connected;
  // As the service says: see Subscription.
  prometheus::Gauge& lag_events;
  prometheus::Gauge& lag_seconds;
  // How long one attempt takes, in seconds.
  prometheus::Histogram& attempt_seconds;
};

// All sinks' series. Thread-safe.
class Metrics {
 public:
  Metrics();

  // The series of the sink of that name, at 0.
  SinkMetrics Of(const std::string& sink);

  // All series in Prometheus's text format.
  std::string Text() const;

 private:
  const std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<prometheus::Counter>& delivered_;
  prometheus::Family<prometheus::Counter>& failed_;
  prometheus::Family<prometheus::Counter>& retried_;
  prometheus::Family<prometheus::Counter>& dead_lettered_;
  prometheus::Family<prometheus::Counter>& dead_letter_errors_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Gauge>& connected_;
  prometheus::Family<prometheus::Gauge>& lag_events_;
  prometheus::Family<prometheus::Gauge>& lag_seconds_;
  prometheus::Family<prometheus::Histogram>& attempt_seconds_;
};

}  // namespace tasker::sinks
