// Being told of changes in folders, by Linux's inotify.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

#include "service/templates/folder_scan.h"

namespace tasker::service {

// Tells that something has changed, not what: whoever is told looks for himself, so that nothing
// depends on events being complete, in order, or seen at all. One thread owns it; only Call may be
// called by others.
class FolderWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // Error: UNAVAILABLE: the system gives no file for Call.
  static absl::StatusOr<std::unique_ptr<FolderWatch>> Make();
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Watches these folders, by their paths, in place of those before. Those that are not there are
  // passed over. True: some were not watched until now, so what happened there may have been
  // missed. Errors, and as much is watched as can be: RESOURCE_EXHAUSTED: the system's limits,
  // which the message names; UNAVAILABLE: it cannot watch at all.
  absl::StatusOr<bool> Watch(const std::map<std::string, WatchedFolder>& folders);

  struct Seen {
    bool changed = false;
    // Events were lost, which `changed` says as well.
    bool overflowed = false;
    bool called = false;
  };
  // Waits until something has changed, Call was called, or the time is over; nullopt: for ever. May
  // come back with nothing.
  Seen Wait(std::optional<Clock::duration> time);

  // Makes Wait return, now or the next time.
  void Call();

  // Whether somebody seems to have the file open and to be writing to it, by all that has happened
  // until now: asked after the file was read, it tells whether that may have been the half of it.
  bool IsBeingWritten(const std::string& path);

 private:
  struct Watched {
    std::string path;
    WatchedFolder what;
  };

  explicit FolderWatch(int call_fd) : call_fd_(call_fd) {}
  absl::Status Begin();
  absl::Status Add(const std::string& path, const WatchedFolder& what,
                   absl::flat_hash_map<int, Watched>& now);
  void ReadEvents(Seen& seen);
  void ReadOne(int watch, unsigned mask, const std::string& name, Seen& seen);

  const int call_fd_;
  // Below 0 as long as there is none.
  int events_fd_ = -1;
  absl::flat_hash_map<int, Watched> watches_;
  // What IsBeingWritten has come across, for the next Wait.
  Seen pending_;
  // Files that were written to and not yet closed, and when last.
  absl::flat_hash_map<std::string, Clock::time_point> writing_;
};

}  // namespace tasker::service
