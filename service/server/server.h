// The service as a whole.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "config/settings.h"

namespace tasker::service {

// Starts in Start, serves until Stop. Public methods may be called from any thread.
class Server {
 public:
  // Opens the store, takes up what was open, applies the templates of the settings' folder and
  // listens. Errors name what could not be had: the address, the folder, a damaged record.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const config::Settings& settings);

  // Stops at once, as Stop does with no time to drain.
  virtual ~Server() = default;

  // Refuses new work, lets handlers finish what they hold for as long as the settings' `drain`
  // says, makes everything durable and ends all calls. Idempotent.
  virtual void Stop() = 0;

  // Waits until another owner has taken the partition, or Stop is called; returns why it cannot go
  // on, or OK. A store that cannot be written is waited out and no such failure.
  virtual absl::Status AwaitFailure() = 0;

  // The ports being served, where the settings said 0. Without metrics theirs is 0.
  virtual int port() const = 0;
  virtual int metrics_port() const = 0;
};

}  // namespace tasker::service
