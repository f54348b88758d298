#include "service/events/event_hub.h"

#include <algorithm>
#include <pthread.h>
#include <utility>

#include "service/events/event_view.h"

namespace tasker::service {
namespace {

// One response is at most about this long, so that one subscriber far behind neither fills memory
// nor keeps the others waiting.
constexpr int kEventsPerResponseMax = 256;
constexpr std::size_t kBytesPerResponseMax = 1u << 20;
// Likewise for events passed over in one turn.
constexpr int kEventsPerTurnMax = 8192;

}  // namespace

EventHub::EventHub(EventLog* log, std::function<void(const storage::v1::EventBatchRecord&)> observe)
    : log_(*log), observe_(std::move(observe)), thread_([this] { Run(); }) {}

EventHub::~EventHub() { Stop(); }

void EventHub::Stop() {
  absl::MutexLock one_at_a_time(&stop_mutex_);
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void EventHub::Publish(storage::Sequence sequence, EventBatchPtr events) {
  log_.Append(sequence, events);
  absl::MutexLock lock(&mutex_);
  if (observe_) unobserved_.push_back(std::move(events));
  news_ = true;
  changed_.Signal();
}

void EventHub::StartAnew(storage::Sequence newest) {
  log_.StartAnew(newest);
  absl::MutexLock lock(&mutex_);
  news_ = true;
  changed_.Signal();
}

EventHub::SubscriptionId EventHub::Subscribe(EventFilter filter, EventCursor after,
                                             std::shared_ptr<EventReceiver> receiver) {
  const storage::Sequence floor = log_.FloorFor(filter);
  absl::MutexLock lock(&mutex_);
  const SubscriptionId id = ++last_id_;
  added_.push_back(std::make_unique<Subscription>(
      Subscription{id, std::move(filter), after, floor, std::move(receiver)}));
  ++count_;
  changed_.Signal();
  return id;
}

void EventHub::Ready(SubscriptionId id) {
  absl::MutexLock lock(&mutex_);
  ready_.push_back(id);
  changed_.Signal();
}

void EventHub::Unsubscribe(SubscriptionId id) {
  absl::MutexLock lock(&mutex_);
  removed_.push_back(id);
  changed_.Signal();
}

std::size_t EventHub::subscribers() const {
  absl::MutexLock lock(&mutex_);
  return count_;
}

void EventHub::Run() {
  pthread_setname_np(pthread_self(), "events");
  // Whether some subscription stopped before the log's end only to let others have their turn.
  bool unfinished = false;
  while (true) {
    std::vector<SubscriptionId> ready;
    std::vector<SubscriptionId> removed;
    {
      absl::MutexLock lock(&mutex_);
      while (!unfinished && !stopping_ && !news_ && added_.empty() && ready_.empty() &&
             removed_.empty()) {
        changed_.Wait(&mutex_);
      }
      if (stopping_) {
        std::ranges::move(added_, std::back_inserter(subscriptions_));
        break;
      }
      news_ = false;
      std::ranges::move(added_, std::back_inserter(subscriptions_));
      added_.clear();
      ready.swap(ready_);
      removed.swap(removed_);
    }
    const auto dropped = std::erase_if(subscriptions_, [&](const auto& subscription) {
      return std::ranges::find(removed, subscription->id) != removed.end();
    });
    Observe();
    unfinished = false;
    for (const auto& subscription : subscriptions_) {
      if (std::ranges::find(ready, subscription->id) != ready.end()) subscription->ready = true;
      if (subscription->ready && Feed(*subscription)) unfinished = true;
    }
    absl::MutexLock lock(&mutex_);
    count_ -= dropped;
  }
  Observe();
  for (const auto& subscription : subscriptions_) {
    subscription->receiver->End(
        absl::UnavailableError("the service stops; go on after the last cursor seen"));
  }
}

bool EventHub::Feed(Subscription& subscription) {
  v1::SubscribeResponse response;
  if (!std::exchange(subscription.greeted, true)) {
    response.set_cursor(subscription.reached.ToString());
    subscription.ready = false;
    subscription.receiver->Send(std::move(response));
    return false;
  }
  if (const storage::Sequence floor = log_.FloorFor(subscription.filter);
      floor > std::exchange(subscription.floor, floor) && floor > subscription.reached.sequence) {
    subscription.ready = false;
    subscription.receiver->End(log_.PastRetention(subscription.filter));
    return false;
  }
  int passed = 0;
  std::size_t bytes = 0;
  bool full = false;
  const absl::Status read =
      log_.Read(subscription.reached, [&](storage::Sequence sequence, const EventBatchPtr& events) {
        EventCursor& reached = subscription.reached;
        int i = sequence == reached.sequence && reached.index != EventCursor::kWholeCommit
                    ? static_cast<int>(reached.index) + 1
                    : 0;
        for (; i < events->events_size() && !full; ++i) {
          reached = {log_.partition(), sequence, static_cast<std::uint32_t>(i)};
          ++passed;
          if (subscription.filter.Matches(events->events(i))) {
            v1::Event& event = *response.add_events();
            event = ViewOf(events->events(i), reached);
            bytes += event.ByteSizeLong();
          }
          full = response.events_size() >= kEventsPerResponseMax || bytes >= kBytesPerResponseMax ||
                 passed >= kEventsPerTurnMax;
        }
        if (!full) reached.index = EventCursor::kWholeCommit;
        return !full;
      });
  if (!read.ok()) {
    subscription.ready = false;
    subscription.receiver->End(read);
    return false;
  }
  if (response.events_size() == 0) return full;
  response.set_cursor(subscription.reached.ToString());
  subscription.ready = false;
  subscription.receiver->Send(std::move(response));
  return false;
}

void EventHub::Observe() {
  std::vector<EventBatchPtr> batches;
  {
    absl::MutexLock lock(&mutex_);
    batches.swap(unobserved_);
  }
  for (const EventBatchPtr& events : batches) observe_(*events);
}

}  // namespace tasker::service
