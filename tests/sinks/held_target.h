// A target whose outcomes a test decides on.
#pragma once

#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "clients/sinks/target.h"

namespace tasker::sinks {

// What a HeldTarget was asked, and how it is to answer; outlives it. Thread-safe.
class Hold {
 public:
  // Answers by itself with `judge`, called for one event each.
  explicit Hold(std::function<Outcome(const CloudEvent&)> judge) : judge_(std::move(judge)) {}

  // Calls of Send wait from now on, until Release.
  void Keep() {
    absl::MutexLock lock(&mutex_);
    kept_ = true;
  }
  void Release() {
    absl::MutexLock lock(&mutex_);
    kept_ = false;
  }
  // Waits until so many calls of Send were made in all.
  void AwaitCalls(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto holds = [&] { return calls_.size() >= count; };
    if (!mutex_.AwaitWithTimeout(absl::Condition(&holds), absl::Seconds(60))) {
      throw std::runtime_error("waited in vain for calls of Send");
    }
  }
  // The events' ids of each call, in the order in which they began.
  std::vector<std::vector<std::string>> calls() const {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }
  // All events' ids, in that order.
  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const auto& call : calls()) ids.insert(ids.end(), call.begin(), call.end());
    return ids;
  }

  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) {
    std::vector<Outcome> outcomes;
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> ids;
    for (const CloudEvent* event : events) ids.push_back(event->id);
    calls_.push_back(std::move(ids));
    const auto may_go = [this] { return !kept_ || stopped_; };
    mutex_.Await(absl::Condition(&may_go));
    for (const CloudEvent* event : events) {
      outcomes.push_back(kept_ ? Outcome::Failed("stopped") : judge_(*event));
    }
    return outcomes;
  }
  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }

 private:
  mutable absl::Mutex mutex_;
  const std::function<Outcome(const CloudEvent&)> judge_;
  std::vector<std::vector<std::string>> calls_ ABSL_GUARDED_BY(mutex_);
  bool kept_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

class HeldTarget : public Target {
 public:
  HeldTarget(Hold& hold, TargetLimits limits) : hold_(hold), limits_(limits) {}

  TargetLimits limits() const override { return limits_; }
  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) override {
    return hold_.Send(events);
  }
  void Stop() override { hold_.Stop(); }
  std::string description() const override { return "held"; }

 private:
  Hold& hold_;
  const TargetLimits limits_;
};

// One that takes up to three events as a whole: if one fails, all do.
class WholeTarget : public HeldTarget {
 public:
  explicit WholeTarget(Hold& hold) : HeldTarget(hold, {1, 3, true}) {}

  std::vector<Outcome> Send(std::span<const CloudEvent* const> events) override {
    std::vector<Outcome> outcomes = HeldTarget::Send(events);
    for (const Outcome& each : std::vector<Outcome>(outcomes)) {
      if (each.kind != Outcome::Kind::kDelivered) return AllOf(events.size(), each);
    }
    return outcomes;
  }
};

}  // namespace tasker::sinks
