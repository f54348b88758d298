// The threads that run handlers.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "clients/cpp/src/attempt.h"

namespace tasker::client {

// A fixed number of threads and a queue before them. The queue is bounded by the worker's
// concurrency, since the service hands out no more, plus attempts that were abandoned in it.
//
// Thread-safe, but for the destructor.
class HandlerPool {
 public:
  // Starts `threads` threads; each calls `perform` with one attempt at a time.
  HandlerPool(std::uint32_t threads, std::function<void(Attempt*)> perform);
  // Works off the queue and waits for the threads.
  ~HandlerPool();

  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;

  void Submit(Attempt* attempt);

 private:
  void RunHandlers();
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_ || !queue_.empty(); }

  const std::function<void(Attempt*)> perform_;
  absl::Mutex mutex_;
  std::deque<Attempt*> queue_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // `tskr-hdlr-N`, owned by this pool. They touch the attempts given to them, the handlers, and
  // the inbox; never the connection or the book of attempts.
  std::vector<std::thread> threads_;
};

}  // namespace tasker::client
