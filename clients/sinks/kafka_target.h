// Kafka, by librdkafka.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "clients/sinks/target.h"
#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// An idempotent producer; the key of a record is its task's id, so that a partition has a task's
// events in their order. Delivered is what Kafka's report says is written. A record has the header
// `content-type` of CloudEvents' structured mode.
class KafkaTarget : public Target {
 public:
  // INVALID_ARGUMENT: a property that librdkafka does not take.
  static absl::StatusOr<std::unique_ptr<Target>> Open(const config::KafkaSettings& settings);
  ~KafkaTarget() override;

  TargetLimits limits() const override;
  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) override;
  void Stop() override { stopped_ = true; }
  std::string description() const override;

  // What librdkafka says against a property; empty: nothing.
  static std::string Complaint(const config::KafkaProperty& property);

 private:
  struct Producer;

  explicit KafkaTarget(config::KafkaSettings settings);
  // A producer that works; made anew after a fatal error, which an idempotent one may meet.
  absl::StatusOr<Producer*> Ready();

  const config::KafkaSettings settings_;
  std::unique_ptr<Producer> producer_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace tasker::sinks
