// Where events go: what HTTP, NATS, Kafka and files have in common.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/sinks/cloud_event.h"
#include "config/diagnostic.h"
#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// What became of one event at one attempt.
struct Outcome {
  enum class Kind {
    // The other side has it for good.
    kDelivered,
    // Not this time.
    kFailed,
    // The other side will never take it.
    kRefused
  };

  static Outcome Delivered() { return {}; }
  static Outcome Failed(std::string error,
                        std::optional<std::chrono::milliseconds> retry_after = std::nullopt) {
    return {Kind::kFailed, std::move(error), retry_after};
  }
  static Outcome Refused(std::string error) {
    return {Kind::kRefused, std::move(error), std::nullopt};
  }

  Kind kind = Kind::kDelivered;
  // Why not, for people.
  std::string error = {};
  // The other side asks to be left alone for so long.
  std::optional<std::chrono::milliseconds> retry_after = {};
};

// How a target wants to be used.
struct TargetLimits {
  // Calls of Send at one time.
  std::size_t concurrency = 1;
  // Events a call.
  std::size_t batch = 1;
  // A call delivers all or none, in order: then several events of one task may be in it.
  bool all_or_none = false;
};

// One target. Send is called by `limits().concurrency` threads at once, Stop by any.
class Target {
 public:
  virtual ~Target() = default;

  virtual TargetLimits limits() const = 0;

  // Tries to deliver, blocks until it is known what became of it, and says so for each event. Never
  // throws.
  virtual std::vector<Outcome> Send(std::span<const CloudEvent* const> events) = 0;

  // Lets calls of Send that run return soon, and those to come at once, with failures.
  virtual void Stop() = 0;

  // For people and dead letters, without secrets: `webhook https://example.com/hook`.
  virtual std::string description() const = 0;
};

// Opens a target; connects when it is used. INVALID_ARGUMENT: the settings cannot be used, why.
absl::StatusOr<std::unique_ptr<Target>> OpenTarget(const config::SinkSettings& settings);

// What of the settings only the libraries themselves can judge, such as Kafka's properties, and
// whether the files that they name can be read.
config::Diagnostics CheckTarget(const config::SinkSettings& settings, const std::string& file);

// The same outcome for each of `count` events.
inline std::vector<Outcome> AllOf(std::size_t count, const Outcome& outcome) {
  return std::vector<Outcome>(count, outcome);
}

}  // namespace tasker::sinks
