#include "clients/sinks/stream_targets.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <mutex>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace tasker::sinks {
namespace {

constexpr std::size_t kBatch = 256;
// How often a write that waits for its reader looks whether it is to stop.
constexpr int kLookEveryMs = 200;
// What ToCloudEvent's texts begin with.
constexpr std::string_view kOwnStart = "{\"specversion\":\"1.0\"";

// All sinks of the process share one standard output, line by line.
std::mutex stdout_mutex;

std::string LinesOf(std::span<const CloudEvent* const> events) {
  std::string lines;
  for (const CloudEvent* event : events) {
    lines += event->json;
    lines += '\n';
  }
  return lines;
}

}  // namespace

TargetLimits StdoutTarget::limits() const { return {1, kBatch, true}; }

std::vector<Outcome> StdoutTarget::Send(std::span<const CloudEvent* const> events) {
  const std::lock_guard lock(stdout_mutex);
  if (!rest_.empty()) {
    const std::string rest = std::exchange(rest_, {});
    const Outcome ended = Write(rest);
    if (ended.kind != Outcome::Kind::kDelivered) {
      // Not a byte of it was written.
      if (rest_.empty()) rest_ = rest;
      return AllOf(events.size(), ended);
    }
  }
  return AllOf(events.size(), Write(LinesOf(events)));
}

Outcome StdoutTarget::Write(std::string_view text) {
  const std::string_view whole = text;
  const auto fail = [&](const std::string& why) {
    // Up to the end of the line that was begun: what follows comes again by itself.
    const std::size_t written = whole.size() - text.size();
    if (written > 0 && whole[written - 1] != '\n') {
      rest_ = std::string(text.substr(0, text.find('\n') + 1));
    }
    return Outcome::Failed(why);
  };
  while (!text.empty()) {
    if (stopped_) return fail("nobody read it before the end");
    pollfd ready{descriptor_, POLLOUT, 0};
    if (poll(&ready, 1, kLookEveryMs) <= 0) continue;
    // A pipe that is ready takes so much without blocking.
    const ssize_t size =
        write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return fail(std::string("standard output: ") + std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return Outcome::Delivered();
}

TargetLimits FileTarget::limits() const { return {1, kBatch, true}; }

std::vector<Outcome> FileTarget::Send(std::span<const CloudEvent* const> events) {
  const absl::Status written = Write(LinesOf(events));
  if (written.ok()) return AllOf(events.size(), Outcome::Delivered());
  return AllOf(events.size(), Outcome::Failed(std::string(written.message())));
}

absl::Status FileTarget::Write(const std::string& text) {
  if (file_ && !IsStill(*file_, settings_.path)) file_.reset();
  if (!file_) {
    absl::StatusOr<Descriptor> opened = OpenForAppending(settings_.path);
    if (!opened.ok()) return opened.status();
    file_.emplace(*std::move(opened));
    if (absl::Status ended = EndLastLine(*file_, settings_.path, kOwnStart); !ended.ok()) {
      file_.reset();
      return ended;
    }
  }
  absl::Status written = AppendAndSync(*file_, settings_.path, text);
  // Its last line is looked at anew.
  if (!written.ok()) file_.reset();
  return written;
}

}  // namespace tasker::sinks
