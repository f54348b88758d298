#include "clients/cpp/src/handler_pool.h"

#include <pthread.h>
#include <string>
#include <utility>

namespace tasker::client {

HandlerPool::HandlerPool(std::uint32_t threads, std::function<void(Attempt*)> perform)
    : perform_(std::move(perform)) {
  threads_.reserve(threads);
  for (std::uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { RunHandlers(); });
    // Linux allows 15 characters; a name that is too long is not worth a failure.
    pthread_setname_np(threads_.back().native_handle(), ("tskr-hdlr-" + std::to_string(i)).c_str());
  }
}

HandlerPool::~HandlerPool() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void HandlerPool::Submit(Attempt* attempt) {
  absl::MutexLock lock(&mutex_);
  queue_.push_back(attempt);
}

void HandlerPool::RunHandlers() {
  for (;;) {
    Attempt* attempt = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &HandlerPool::HasWork));
      if (queue_.empty()) return;
      attempt = queue_.front();
      queue_.pop_front();
    }
    perform_(attempt);
  }
}

}  // namespace tasker::client
