// Which streams of handlers there are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "engine/model/ids.h"

namespace tasker::service {

class HandlerStream;

// Safe for concurrent use.
class HandlerSessions {
 public:
  // A session id that was never given out before.
  engine::SessionId NewSession();

  // The stream has registered for `instance_id`. Returns an older stream of the same instance,
  // which is superseded, or null.
  std::shared_ptr<HandlerStream> Add(const std::shared_ptr<HandlerStream>& stream,
                                     const std::string& instance_id);

  // The stream is gone. No effect if it was never added.
  void Remove(engine::SessionId session);

  // Null if there is none.
  std::shared_ptr<HandlerStream> Find(engine::SessionId session) const;

  // By session.
  std::vector<std::shared_ptr<HandlerStream>> All() const;

  std::size_t size() const;

  // Waits until no stream is left, at most `limit`. Returns whether none is.
  bool AwaitEmpty(absl::Duration limit) const;

 private:
  struct Entry {
    std::shared_ptr<HandlerStream> stream;
    std::string instance_id;
  };

  mutable absl::Mutex mutex_;
  std::uint64_t last_session_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<engine::SessionId, Entry> sessions_ ABSL_GUARDED_BY(mutex_);
  // The newest session of each instance.
  absl::flat_hash_map<std::string, engine::SessionId> by_instance_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::service
