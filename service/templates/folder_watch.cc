#include "service/templates/folder_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include <sys/eventfd.h>
#include <sys/inotify.h>

namespace tasker::service {
namespace {

// Where a name leads. A link shows by its creation alone.
constexpr std::uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
// What it holds, once it is written.
constexpr std::uint32_t kContent = IN_CLOSE_WRITE | IN_ATTRIB;
// The folder itself, and that something is being written.
constexpr std::uint32_t kEverything = kNames | kContent | IN_DELETE_SELF | IN_MOVE_SELF | IN_MODIFY;

// Whoever has not written for so long, and not closed either, is not waited for.
constexpr FolderWatch::Clock::duration kWriterPatience = std::chrono::seconds(10);
constexpr std::size_t kWritersMax = 10'000;
// At one time, so that a flood of events cannot hold Wait up.
constexpr int kReadsMax = 64;

std::uint32_t MaskOf(const WatchedFolder& what) {
  if (what.everything) return kEverything;
  return what.content ? kNames | kContent : kNames;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FolderWatch>> FolderWatch::Make() {
  const int call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (call_fd < 0) return absl::UnavailableError(absl::StrCat("eventfd: ", std::strerror(errno)));
  return std::unique_ptr<FolderWatch>(new FolderWatch(call_fd));
}

FolderWatch::~FolderWatch() {
  close(call_fd_);
  if (events_fd_ >= 0) close(events_fd_);
}

absl::Status FolderWatch::Begin() {
  if (events_fd_ >= 0) return absl::OkStatus();
  events_fd_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (events_fd_ >= 0) return absl::OkStatus();
  if (errno == EMFILE || errno == ENFILE) {
    return absl::ResourceExhaustedError(absl::StrCat("inotify: ", std::strerror(errno),
                                                     "; fs.inotify.max_user_instances may help"));
  }
  return absl::UnavailableError(absl::StrCat("inotify: ", std::strerror(errno)));
}

absl::StatusOr<bool> FolderWatch::Watch(const std::map<std::string, WatchedFolder>& folders) {
  if (absl::Status begun = Begin(); !begun.ok()) return begun;
  absl::flat_hash_map<int, Watched> now;
  absl::Status failure;
  for (const auto& [path, what] : folders) {
    if (absl::Status added = Add(path, what, now); !added.ok()) failure = std::move(added);
  }
  const bool some_are_new = std::ranges::any_of(
      now, [this](const auto& entry) { return !watches_.contains(entry.first); });
  for (const auto& [watch, before] : watches_) {
    if (!now.contains(watch)) inotify_rm_watch(events_fd_, watch);
  }
  watches_ = std::move(now);
  if (!failure.ok()) return failure;
  return some_are_new;
}

absl::Status FolderWatch::Add(const std::string& path, const WatchedFolder& what,
                              absl::flat_hash_map<int, Watched>& now) {
  const int watch = inotify_add_watch(events_fd_, path.c_str(), MaskOf(what));
  if (watch < 0 && errno == ENOSPC) {
    return absl::ResourceExhaustedError(
        absl::StrCat("inotify: no more folders can be watched; raise fs.inotify.max_user_watches"));
  }
  // It is gone, or its owner does not let us: then nothing of it is read either.
  if (watch < 0) return absl::OkStatus();
  const auto [place, is_new] = now.try_emplace(watch, Watched{path, what});
  if (is_new) return absl::OkStatus();
  // The same folder by another path: adding it has replaced what was asked of it.
  WatchedFolder& both = place->second.what;
  if (what.everything && !both.everything) place->second.path = path;
  both.everything |= what.everything;
  both.content |= what.content;
  both.names.insert(what.names.begin(), what.names.end());
  inotify_add_watch(events_fd_, path.c_str(), MaskOf(both));
  return absl::OkStatus();
}

FolderWatch::Seen FolderWatch::Wait(std::optional<Clock::duration> time) {
  std::array<pollfd, 2> files{{{call_fd_, POLLIN, 0}, {events_fd_, POLLIN, 0}}};
  int millis = -1;
  if (pending_.changed) {
    millis = 0;
  } else if (time) {
    // Rounded up: less than a millisecond must not become a busy loop.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*time).count();
    millis = static_cast<int>(std::clamp<std::int64_t>(left, 0, 24 * 60 * 60 * 1000));
  }
  // What is below 0 is passed over by poll.
  poll(files.data(), files.size(), millis);
  Seen seen = std::exchange(pending_, {});
  std::uint64_t calls = 0;
  seen.called = read(call_fd_, &calls, sizeof(calls)) == sizeof(calls);
  if (events_fd_ >= 0) ReadEvents(seen);
  return seen;
}

void FolderWatch::ReadEvents(Seen& seen) {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    const ssize_t got = read(events_fd_, buffer.data(), buffer.size());
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      // The name is padded with zeros.
      const char* name = buffer.data() + at + sizeof(event);
      ReadOne(event.wd, event.mask, event.len == 0 ? "" : std::string(name), seen);
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
}

void FolderWatch::ReadOne(int watch, unsigned mask, const std::string& name, Seen& seen) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    seen.changed = seen.overflowed = true;
    writing_.clear();
    return;
  }
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  const Watched& watched = found->second;
  const bool matters = watched.what.everything || watched.what.names.contains(name);
  const std::string path = absl::StrCat(watched.path, "/", name);
  if ((mask & IN_MODIFY) != 0) {
    if (writing_.size() >= kWritersMax) writing_.clear();
    if (watched.what.everything) writing_[path] = Clock::now();
    return;
  }
  if ((mask & IN_IGNORED) != 0) {
    // Removed from outside, and not by Watch, which forgets it itself.
    seen.changed = true;
    watches_.erase(found);
    return;
  }
  if ((mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM)) != 0) writing_.erase(path);
  if (matters) seen.changed = true;
}

void FolderWatch::Call() {
  const std::uint64_t one = 1;
  // It fails only if there are calls without number already.
  [[maybe_unused]] const ssize_t written = write(call_fd_, &one, sizeof(one));
}

bool FolderWatch::IsBeingWritten(const std::string& path) {
  if (events_fd_ >= 0) ReadEvents(pending_);
  const auto found = writing_.find(path);
  return found != writing_.end() && Clock::now() - found->second < kWriterPatience;
}

}  // namespace tasker::service
