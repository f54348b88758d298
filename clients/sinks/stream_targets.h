// Events as JSON Lines: to standard output, and to a file.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "clients/sinks/line_file.h"
#include "clients/sinks/target.h"
#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// A line for each event. Delivered is what was written: who reads it, and when, is not known.
class StdoutTarget : public Target {
 public:
  // `descriptor`: written to, never closed.
  explicit StdoutTarget(int descriptor = 1) : descriptor_(descriptor) {}

  TargetLimits limits() const override;
  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) override;
  void Stop() override { stopped_ = true; }
  std::string description() const override { return "stdout"; }

 private:
  // What could not be written of it is written first at the next call.
  Outcome Write(std::string_view text);

  const int descriptor_;
  // Of a line that was begun.
  std::string rest_;
  std::atomic<bool> stopped_ = false;
};

// Likewise to a file, which is synced before an event counts as delivered. It is opened anew once
// it was renamed or removed.
class FileTarget : public Target {
 public:
  explicit FileTarget(config::FileSettings settings) : settings_(std::move(settings)) {}

  TargetLimits limits() const override;
  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) override;
  void Stop() override {}
  std::string description() const override { return "file " + settings_.path; }

 private:
  absl::Status Write(const std::string& text);

  const config::FileSettings settings_;
  std::optional<Descriptor> file_;
};

}  // namespace tasker::sinks
