#include "service/events/subscriptions/subscription_thread.h"

#include <pthread.h>
#include <utility>

#include "absl/time/time.h"

namespace tasker::service {

SubscriptionThread::SubscriptionThread(std::function<std::optional<Time>()> settle)
    : settle_(std::move(settle)), thread_([this] { Run(); }) {}

SubscriptionThread::~SubscriptionThread() { Stop(); }

void SubscriptionThread::Post(Work work) {
  absl::ReleasableMutexLock lock(&mutex_);
  inbox_.push_back(std::move(work));
  if (!ended_) {
    if (inbox_.size() == 1) changed_.Signal();
    return;
  }
  if (std::exchange(doing_late_, true)) return;
  lock.Release();
  DoLate();
}

void SubscriptionThread::DoLate() {
  while (true) {
    std::vector<Work> work;
    {
      absl::MutexLock lock(&mutex_);
      if (inbox_.empty()) {
        doing_late_ = false;
        return;
      }
      work.swap(inbox_);
    }
    for (Work& each : work) each();
  }
}

void SubscriptionThread::Stop() {
  absl::MutexLock one_at_a_time(&stop_mutex_);
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void SubscriptionThread::Run() {
  pthread_setname_np(pthread_self(), "subscriptions");
  std::optional<Time> again;
  while (true) {
    std::vector<Work> work;
    {
      absl::MutexLock lock(&mutex_);
      while (inbox_.empty() && !stopping_) {
        if (!again) {
          changed_.Wait(&mutex_);
          continue;
        }
        const auto left = *again - std::chrono::steady_clock::now();
        if (left <= left.zero()) break;
        changed_.WaitWithTimeout(&mutex_, absl::FromChrono(left));
      }
      if (inbox_.empty() && stopping_) {
        ended_ = true;
        return;
      }
      work.swap(inbox_);
    }
    for (Work& each : work) each();
    again = settle_();
  }
}

}  // namespace tasker::service
