#include "service/maintenance/maintenance.h"

#include <optional>
#include <pthread.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tasker::service {

void Maintenance::Begin(absl::Duration interval, std::function<void(const Cancelled&)> periodic) {
  thread_ =
      std::thread([this, interval, periodic = std::move(periodic)] { Run(interval, periodic); });
}

absl::Status Maintenance::Post(Job job) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the service stops");
  if (jobs_.size() >= kJobsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat(kJobsMax, " jobs of maintenance wait already; ask again later"));
  }
  jobs_.push_back(std::move(job));
  changed_.Signal();
  return absl::OkStatus();
}

void Maintenance::Stop() {
  absl::MutexLock one_at_a_time(&stop_mutex_);
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void Maintenance::Run(absl::Duration interval,
                      const std::function<void(const Cancelled&)>& periodic) {
  pthread_setname_np(pthread_self(), "maintenance");
  const Cancelled cancelled = [this] {
    absl::MutexLock lock(&mutex_);
    return stopping_;
  };
  absl::Time next = periodic ? absl::Now() + interval : absl::InfiniteFuture();
  while (true) {
    std::optional<Job> job;
    {
      absl::MutexLock lock(&mutex_);
      while (jobs_.empty() && !stopping_ && absl::Now() < next) {
        changed_.WaitWithDeadline(&mutex_, next);
      }
      if (!jobs_.empty()) {
        job = std::move(jobs_.front());
        jobs_.pop_front();
      } else if (stopping_) {
        return;
      }
    }
    if (job) {
      (*job)(cancelled);
    } else {
      periodic(cancelled);
      next = absl::Now() + interval;
    }
  }
}

}  // namespace tasker::service
