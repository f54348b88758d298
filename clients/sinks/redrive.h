// Sends dead letters again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/sinks/target.h"
#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// What became of a file of dead letters.
struct RedriveReport {
  std::uint64_t delivered = 0;
  // Among the dead letters anew.
  std::uint64_t failed = 0;
  // Of other sinks, or no letters: put back into the file.
  std::uint64_t left = 0;
  // What is wrong with lines that are none, at most ten.
  std::vector<std::string> complaints;
};

// Sends the letters of this sink in `path` to its target, in their order for each task, with the
// attempts that its settings allow; those that fail again go to its own dead letters.
//
// The file is first renamed to `path`.redriving, so that a running sink may go on to write to
// `path`; one of that name, left by a redrive that did not come to its end, is sent first. It is
// removed once every letter in it was dealt with. So each letter is sent at least once, whenever
// this is killed.
//
// FAILED_PRECONDITION: another redrive of the file runs, or the sink has no dead letters of its own
// to put those into that fail again. NOT_FOUND: no such file. UNAVAILABLE: a file cannot be read or
// written.
absl::StatusOr<RedriveReport> Redrive(const config::SinkSettings& settings,
                                      std::unique_ptr<Target> target, const std::string& path);

}  // namespace tasker::sinks
