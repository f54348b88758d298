#include "clients/sinks/deliverer.h"

#include <algorithm>
#include <pthread.h>
#include <utility>

#include "absl/time/time.h"

#include "clients/sinks/dead_letters.h"
#include "clients/sinks/retry_delay.h"
#include "clients/sinks/sink_log.h"

namespace tasker::sinks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kToldEvery{1};

}  // namespace

Deliverer::Deliverer(const config::SinkSettings& settings, std::unique_ptr<Target> target,
                     SinkMetrics metrics)
    : settings_(settings),
      target_(std::move(target)),
      limits_(target_->limits()),
      metrics_(metrics) {
  for (std::size_t i = 0; i < limits_.concurrency; ++i) {
    threads_.emplace_back([this] { Run(); });
    pthread_setname_np(threads_.back().native_handle(), "deliver");
  }
}

Deliverer::~Deliverer() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  target_->Stop();
  for (std::thread& thread : threads_) thread.join();
}

bool Deliverer::Add(CloudEvent event, std::string cursor, std::uint32_t attempts) {
  Delivery delivery;
  delivery.event = std::move(event);
  delivery.cursor = std::move(cursor);
  delivery.attempts = attempts;
  return Insert(std::move(delivery));
}

bool Deliverer::AddMark(std::string cursor) {
  absl::MutexLock lock(&mutex_);
  if (draining_ || stopped_ || interrupted_) return false;
  queue_.AddMark(std::move(cursor));
  changed_.SignalAll();
  return true;
}

bool Deliverer::Insert(Delivery delivery) {
  absl::MutexLock lock(&mutex_);
  while (InFlight() >= settings_.in_flight && !draining_ && !stopped_ && !interrupted_) {
    changed_.Wait(&mutex_);
  }
  if (draining_ || stopped_ || interrupted_) return false;
  if (const auto known = memory_.find(delivery.event.id); known != memory_.end()) {
    const Memory& memory = known->second;
    if (memory.is_done) delivery.state = Delivery::State::kDone;
    delivery.attempts = std::max(delivery.attempts, memory.attempts);
    delivery.not_before = memory.not_before;
    delivery.last_error = memory.last_error;
    memory_.erase(known);
  }
  queue_.Add(std::move(delivery));
  ShowInFlight();
  changed_.SignalAll();
  return true;
}

void Deliverer::Interrupt() {
  absl::MutexLock lock(&mutex_);
  interrupted_ = true;
  changed_.SignalAll();
}

std::optional<std::string> Deliverer::AwaitAcknowledgeable(milliseconds wait) {
  const absl::Time deadline = absl::Now() + absl::FromChrono(wait);
  absl::MutexLock lock(&mutex_);
  while (!interrupted_) {
    std::optional<std::string> cursor = queue_.TakeAcknowledgeable(acknowledgeable_);
    if (cursor) return cursor;
    if (changed_.WaitWithDeadline(&mutex_, deadline)) return std::nullopt;
  }
  return std::nullopt;
}

void Deliverer::NoteAcknowledged() {
  absl::MutexLock lock(&mutex_);
  acknowledgeable_.clear();
  ShowInFlight();
  // There is room.
  changed_.SignalAll();
}

void Deliverer::Restart(bool forget_delivered) {
  absl::MutexLock lock(&mutex_);
  interrupted_ = true;
  changed_.SignalAll();
  while (queue_.running() > 0) changed_.Wait(&mutex_);
  for (std::string& id : acknowledgeable_) Remember(id, {.is_done = true});
  acknowledgeable_.clear();
  for (const auto& each : queue_.deliveries()) {
    Remember(each->event.id, {each->state == Delivery::State::kDone, each->attempts,
                              each->not_before, each->last_error});
  }
  if (forget_delivered) {
    absl::erase_if(memory_, [](const auto& entry) { return entry.second.is_done; });
  }
  queue_.Clear();
  interrupted_ = false;
  ShowInFlight();
  changed_.SignalAll();
}

void Deliverer::Remember(const std::string& id, Memory memory) {
  if (id.empty() || (!memory.is_done && memory.attempts == 0)) return;
  const auto [place, is_new] = memory_.insert_or_assign(id, std::move(memory));
  if (is_new) memory_order_.push_back(id);
  // A stream that breaks again and again before all have come.
  while (memory_order_.size() > 4 * std::size_t{settings_.in_flight}) {
    memory_.erase(memory_order_.front());
    memory_order_.pop_front();
  }
}

void Deliverer::BeginDrain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  changed_.SignalAll();
}

bool Deliverer::IsDrained() const {
  if (queue_.running() > 0) return false;
  const TimePoint now = Clock::now();
  const std::optional<TimePoint> next = queue_.NextAt();
  return !next || *next > now || paused_until_ > now;
}

bool Deliverer::AwaitDrained(TimePoint deadline) {
  absl::MutexLock lock(&mutex_);
  while (!IsDrained()) {
    const TimePoint now = Clock::now();
    if (now >= deadline) return false;
    changed_.WaitWithTimeout(&mutex_, absl::FromChrono(deadline - now));
  }
  return true;
}

void Deliverer::AwaitEmpty() {
  absl::MutexLock lock(&mutex_);
  while (!stopped_ && (queue_.running() > 0 || queue_.NextAt())) changed_.Wait(&mutex_);
}

std::size_t Deliverer::in_flight() const {
  absl::MutexLock lock(&mutex_);
  return InFlight();
}

std::string Deliverer::trouble() const {
  absl::MutexLock lock(&mutex_);
  return trouble_;
}

void Deliverer::ShowInFlight() { metrics_.in_flight.Set(static_cast<double>(InFlight())); }

void Deliverer::Run() {
  mutex_.Lock();
  while (!stopped_) {
    const TimePoint now = Clock::now();
    std::vector<Delivery*> taken;
    // An interrupted stream's events may be another process's by now.
    const bool may_take = !interrupted_ && now >= paused_until_;
    if (may_take) taken = queue_.Take(now, limits_.batch, limits_.all_or_none);
    if (taken.empty()) {
      const std::optional<TimePoint> next = queue_.NextAt();
      if (next && !interrupted_) {
        changed_.WaitWithTimeout(&mutex_, absl::FromChrono(std::max(*next, paused_until_) - now));
      } else {
        changed_.Wait(&mutex_);
      }
      continue;
    }
    mutex_.Unlock();
    const std::vector<bool> done = Deliver(taken);
    mutex_.Lock();
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (done[i]) taken[i]->state = Delivery::State::kDone;
    }
    queue_.Settle(taken);
    changed_.SignalAll();
  }
  mutex_.Unlock();
}

std::vector<bool> Deliverer::Deliver(const std::vector<Delivery*>& taken) {
  std::vector<const CloudEvent*> events;
  events.reserve(taken.size());
  for (const Delivery* each : taken) events.push_back(&each->event);
  const TimePoint begin = Clock::now();
  std::vector<Outcome> outcomes = target_->Send(events);
  metrics_.attempt_seconds.Observe(std::chrono::duration<double>(Clock::now() - begin).count());
  outcomes.resize(taken.size(), Outcome::Failed("the target did not say what became of it"));
  std::vector<bool> done;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    done.push_back(Judge(*taken[i], outcomes[i], taken.size() == 1));
  }
  return done;
}

bool Deliverer::Judge(Delivery& delivery, const Outcome& outcome, bool was_alone) {
  if (outcome.kind == Outcome::Kind::kDelivered) {
    metrics_.delivered.Increment();
    absl::MutexLock lock(&mutex_);
    trouble_.clear();
    return true;
  }
  metrics_.failed.Increment();
  ++delivery.attempts;
  delivery.last_error = outcome.error;
  // Without dead letters nothing is given up.
  const bool is_last =
      !settings_.dead_letter_file.empty() &&
      (outcome.kind == Outcome::Kind::kRefused || delivery.attempts >= settings_.retries.attempts);
  // One of several may be to blame: then each is tried by itself, at once.
  const bool is_to_be_alone = is_last && limits_.all_or_none && !was_alone;
  const bool is_given_up = is_last && !is_to_be_alone;
  if (is_given_up && Bury(delivery)) {
    absl::MutexLock lock(&mutex_);
    trouble_ = outcome.error;
    return true;
  }
  metrics_.retried.Increment();
  absl::MutexLock lock(&mutex_);
  trouble_ = outcome.error;
  if (is_to_be_alone) {
    delivery.alone = true;
    return false;
  }
  milliseconds delay =
      RetryDelay(settings_.retries, delivery.attempts, absl::Uniform(random_, 0.0, 1.0));
  if (outcome.retry_after) {
    delay = std::min(*outcome.retry_after, settings_.retries.max);
    paused_until_ = std::max(paused_until_, Clock::now() + delay);
  }
  const TimePoint now = Clock::now();
  delivery.not_before = now + delay;
  // A target that is away fails all that is in flight again and again: one line tells enough.
  const bool is_told = now - told_at_ >= kToldEvery;
  if (is_told) told_at_ = now;
  Log(is_told ? LogLevel::kWarning : LogLevel::kDebug,
      "an event was not delivered, and is tried again",
      {{"sink", settings_.name},
       {"event_id", delivery.event.id},
       {"event", delivery.event.name},
       {"task_id", delivery.event.task_id},
       {"attempt", std::to_string(delivery.attempts)},
       {"again_in_ms", std::to_string(delay.count())},
       {"error", outcome.error}});
  return false;
}

bool Deliverer::Bury(const Delivery& delivery) {
  const absl::Status written = AppendDeadLetter(
      settings_.dead_letter_file, {settings_.name, target_->description(), delivery.attempts,
                                   delivery.last_error, delivery.event});
  const std::initializer_list<LogField> fields = {
      {"sink", settings_.name},
      {"event_id", delivery.event.id},
      {"event", delivery.event.name},
      {"task_id", delivery.event.task_id},
      {"attempts", std::to_string(delivery.attempts)},
      {"error", written.ok() ? delivery.last_error : std::string(written.message())}};
  if (written.ok()) {
    metrics_.dead_lettered.Increment();
    Log(LogLevel::kError, "an event was given up, and is among the dead letters", fields);
  } else {
    metrics_.dead_letter_errors.Increment();
    Log(LogLevel::kError, "a dead letter cannot be written, so its event is tried again", fields);
  }
  return written.ok();
}

}  // namespace tasker::sinks
