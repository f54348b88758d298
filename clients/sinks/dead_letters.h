// Events that could not be delivered, in a file of JSON Lines.
//
// A line: {"sink":..., "target":..., "attempts":N, "error":..., "failed_at":..., "event":{...}}.
// Several processes may write to one file, and it may be renamed away at any time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "clients/sinks/cloud_event.h"
#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// One event that was given up.
struct DeadLetter {
  std::string sink;
  // Target::description.
  std::string target;
  // Over all.
  std::uint32_t attempts = 0;
  // The last.
  std::string error;
  CloudEvent event;
};

// The letter as a line, without its end; `failed_at` is now.
std::string ToLine(const DeadLetter& letter);

// INVALID_ARGUMENT: what is wrong with the line.
absl::StatusOr<DeadLetter> ParseDeadLetter(std::string_view line,
                                           const config::CloudEventSettings& settings);

// Adds a letter to the file, which is made if missing; it is on the disk when this returns OK. A
// line that a crash left unfinished is ended first. Thread-safe, and safe among processes.
absl::Status AppendDeadLetter(const std::string& path, const DeadLetter& letter);
// The same for a line as it was read.
absl::Status AppendDeadLetterLine(const std::string& path, std::string_view line);

// Renames the file `from` to `to`, and returns once nobody writes to it any more. NOT_FOUND: there
// is none.
absl::Status TakeAwayDeadLetters(const std::string& from, const std::string& to);

}  // namespace tasker::sinks
