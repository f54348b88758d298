#include "clients/sinks/sink_metrics.h"

#include <prometheus/text_serializer.h>

namespace tasker::sinks {
namespace {

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge>& Gauges(prometheus::Registry& registry, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

}  // namespace

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      delivered_(Counters(*registry_, "tasker_sinks_delivered_total",
                          "Events that the target has for good")),
      failed_(Counters(*registry_, "tasker_sinks_failed_attempts_total",
                       "Attempts to deliver an event that failed")),
      retried_(Counters(*registry_, "tasker_sinks_retries_total",
                        "Failed attempts that another one follows")),
      dead_lettered_(Counters(*registry_, "tasker_sinks_dead_letters_total",
                              "Events written to the dead letters")),
      dead_letter_errors_(Counters(*registry_, "tasker_sinks_dead_letter_errors_total",
                                   "Dead letters that could not be written")),
      in_flight_(
          Gauges(*registry_, "tasker_sinks_in_flight_events", "Events taken and not acknowledged")),
      connected_(Gauges(*registry_, "tasker_sinks_connected",
                        "Whether the sink's stream of events is open")),
      lag_events_(Gauges(*registry_, "tasker_sinks_lag_events",
                         "Events of the log behind the sink's cursor")),
      lag_seconds_(Gauges(*registry_, "tasker_sinks_lag_seconds",
                          "Age of the first event behind the sink's cursor")),
      attempt_seconds_(prometheus::BuildHistogram()
                           .Name("tasker_sinks_attempt_seconds")
                           .Help("How long an attempt to deliver takes")
                           .Register(*registry_)) {}

SinkMetrics Metrics::Of(const std::string& sink) {
  const prometheus::Labels labels = {{"sink", sink}};
  return {delivered_.Add(labels),
          failed_.Add(labels),
          retried_.Add(labels),
          dead_lettered_.Add(labels),
          dead_letter_errors_.Add(labels),
          in_flight_.Add(labels),
          connected_.Add(labels),
          lag_events_.Add(labels),
          lag_seconds_.Add(labels),
          attempt_seconds_.Add(labels, kSeconds)};
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace tasker::sinks
