// Where a subscriber keeps how far it has come.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tasker::client {

// Called by the subscriber's thread. Implementations for databases: save in the transaction of what
// the events did, and each counts exactly once.
class CursorStore {
 public:
  virtual ~CursorStore() = default;
  // The cursor saved last; empty: none. May throw: then the subscriber does not start.
  virtual std::string Load() = 0;
  // May throw: that is logged, and the subscriber goes on.
  virtual void Save(const std::string& cursor) = 0;
};

// Forgets with the process. Thread-safe.
class MemoryCursorStore : public CursorStore {
 public:
  std::string Load() override;
  void Save(const std::string& cursor) override;

 private:
  absl::Mutex mutex_;
  std::string cursor_ ABSL_GUARDED_BY(mutex_);
};

// One file for one subscriber, replaced as a whole, so that it never holds half a cursor. Not
// synced to the disk: after a power cut it may be an older one, and events come again.
class FileCursorStore : public CursorStore {
 public:
  explicit FileCursorStore(std::string path) : path_(std::move(path)) {}
  std::string Load() override;
  // Throws std::runtime_error if the file cannot be written.
  void Save(const std::string& cursor) override;

 private:
  const std::string path_;
};

}  // namespace tasker::client
