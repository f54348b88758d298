#include "service/events/event_hub.h"

#include <algorithm>
#include <ctime>
#include <pthread.h>
#include <utility>

#include "absl/time/clock.h"

namespace tasker::service {
namespace {

// Events that are kept to be sent, as stored and as sent.
constexpr std::size_t kWindowBytesMax = 3u << 20;
// Events routed in one pass.
constexpr int kEventsPerPassMax = 8192;
// How much of a pass goes to those that are behind, beside the others.
constexpr absl::Duration kBehindPerPass = absl::Milliseconds(4);

// A rest is as long as the work was, times the responses sent, over this: with a few subscribers
// each commit is sent on at once, and with a hundred the thread rests most of the time.
constexpr std::int64_t kResponsesPerEqualRest = 8;
constexpr std::int64_t kRestPerWorkMax = 8;
constexpr absl::Duration kRestMax = absl::Milliseconds(20);

absl::Duration ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

}  // namespace

EventHub::EventHub(EventLog* log, std::function<void(const storage::v1::EventBatchRecord&)> observe)
    : log_(*log),
      observe_(std::move(observe)),
      window_(kWindowBytesMax),
      router_(&window_, log->End()),
      batches_(log, &window_, &router_),
      thread_([this] { Run(); }) {}

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
  if (observe_) inbox_.unobserved.push_back(std::move(events));
  inbox_.news = true;
  WakeUp();
}

void EventHub::StartAnew(storage::Sequence newest) {
  log_.StartAnew(newest);
  absl::MutexLock lock(&mutex_);
  inbox_.news = true;
  WakeUp();
}

EventHub::SubscriptionId EventHub::Subscribe(EventFilter filter, EventCursor after,
                                             std::shared_ptr<EventReceiver> receiver,
                                             FeedOptions options) {
  const storage::Sequence floor = log_.FloorFor(filter);
  absl::MutexLock lock(&mutex_);
  const SubscriptionId id = ++last_id_;
  inbox_.added.push_back({id, std::move(filter), after, floor, std::move(receiver), options});
  ++count_;
  WakeUp();
  return id;
}

void EventHub::Ready(SubscriptionId id) {
  absl::MutexLock lock(&mutex_);
  inbox_.ready.push_back(id);
  WakeUp();
}

void EventHub::Unsubscribe(SubscriptionId id) {
  absl::MutexLock lock(&mutex_);
  inbox_.removed.push_back(id);
  WakeUp();
}

std::size_t EventHub::subscribers() const {
  absl::MutexLock lock(&mutex_);
  return count_;
}

void EventHub::WakeUp() {
  if (!resting_) changed_.Signal();
}

void EventHub::Run() {
  pthread_setname_np(pthread_self(), "events");
  Inbox inbox;
  while (AwaitInbox(inbox)) {
    const absl::Duration begun = ThreadTime();
    responses_sent_ = 0;
    behind_turns_ = 0;
    Pass(inbox);
    inbox = {};
    Rest(RestAfter(ThreadTime() - begun));
  }
  Observe(inbox.unobserved);
  const absl::Status why =
      absl::UnavailableError("the service stops; go on after the last cursor seen");
  for (const Newcomer& newcomer : inbox.added) newcomer.receiver->End(why);
  for (const auto& [id, subscription] : subscriptions_) subscription->receiver->End(why);
}

bool EventHub::AwaitInbox(Inbox& inbox) {
  absl::MutexLock lock(&mutex_);
  while (!stopping_ && inbox_.empty() && behind_.empty() && !unrouted_) {
    const absl::Time due = heartbeats_.empty() ? absl::InfiniteFuture() : heartbeats_.top().first;
    if (absl::Now() >= due) break;
    changed_.WaitWithDeadline(&mutex_, due);
  }
  std::swap(inbox, inbox_);
  return !stopping_;
}

absl::Duration EventHub::RestAfter(absl::Duration worked) const {
  std::int64_t weight = responses_sent_;
  // However few responses come of it, looking through the log takes at most half of the time.
  if (behind_turns_ > 0) weight = std::max(weight, kResponsesPerEqualRest);
  weight = std::min(weight, kResponsesPerEqualRest * kRestPerWorkMax);
  return std::min(worked * weight / kResponsesPerEqualRest, kRestMax);
}

void EventHub::Rest(absl::Duration pause) {
  // Shorter than what it takes to fall asleep and wake up.
  if (pause < absl::Microseconds(50)) return;
  const absl::Time until = absl::Now() + pause;
  absl::MutexLock lock(&mutex_);
  resting_ = true;
  while (!stopping_ && !changed_.WaitWithDeadline(&mutex_, until)) {
  }
  resting_ = false;
}

void EventHub::Pass(Inbox& inbox) {
  Observe(inbox.unobserved);
  for (Newcomer& newcomer : inbox.added) Add(std::move(newcomer));
  // Behind the newcomers: one of them may have left already.
  for (const SubscriptionId id : inbox.removed) Remove(id);
  RouteNews();
  for (const SubscriptionId id : inbox.ready) {
    HubSubscription* subscription = Find(id);
    if (subscription == nullptr) continue;
    subscription->ready = true;
    Feed(*subscription);
  }
  for (FilterGroup* group : router_.TakeNews()) {
    // Feeding changes who waits.
    for (HubSubscription* subscription : std::vector(group->waiting)) Feed(*subscription);
  }
  FeedTheBehind();
  BeatHearts(absl::Now());
  batches_.Forget();
}

void EventHub::Add(Newcomer newcomer) {
  if (router_.size() == 0) router_.SkipTo(log_.End());
  auto subscription = std::make_unique<HubSubscription>();
  HubSubscription& added = *subscription;
  added.id = newcomer.id;
  added.options = newcomer.options;
  added.group = router_.Join(std::move(newcomer.filter));
  added.reached = newcomer.after;
  added.floor = newcomer.floor;
  added.receiver = std::move(newcomer.receiver);
  subscriptions_.emplace(added.id, std::move(subscription));
  if (added.options.heartbeat < absl::InfiniteDuration()) {
    heartbeats_.emplace(absl::Now() + added.options.heartbeat, added.id);
  }
  if (added.options.greet) {
    const std::string cursor = EncodedCursor(added.reached.ToString());
    Send(added, std::make_shared<const EncodedResponse>(cursor));
  } else {
    added.last_sent = absl::Now();
    Feed(added);
  }
}

void EventHub::Remove(SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  StopWaiting(*found->second);
  router_.Leave(found->second->group);
  subscriptions_.erase(found);
  absl::MutexLock lock(&mutex_);
  --count_;
}

void EventHub::Observe(const std::vector<EventBatchPtr>& batches) {
  for (const EventBatchPtr& events : batches) observe_(*events);
}

void EventHub::RouteNews() {
  unrouted_ = false;
  if (router_.size() == 0) return;
  int routed = 0;
  const absl::Status read =
      log_.Read(router_.head(), [&](storage::Sequence sequence, const EventBatchPtr& events) {
        router_.Route(sequence, events);
        routed += events->events_size();
        unrouted_ = routed >= kEventsPerPassMax;
        return !unrouted_;
      });
  if (read.ok()) return;
  // Nobody can be told what comes next.
  for (const auto& [id, subscription] : subscriptions_) {
    if (subscription->ready) End(*subscription, read);
  }
}

void EventHub::Feed(HubSubscription& subscription) {
  if (!subscription.ready || subscription.is_behind) return;
  if (IsPastRetention(subscription)) {
    End(subscription, log_.PastRetention(subscription.group->filter));
    return;
  }
  FilterGroup& group = *subscription.group;
  if (group.Covers(subscription.reached)) {
    const EventBatch batch =
        batches_.FromWindow(group, subscription.reached, subscription.options.batch_events_max);
    subscription.reached = batch.reached;
    if (batch.response != nullptr) {
      Send(subscription, batch.response);
      return;
    }
  }
  if (group.Covers(subscription.reached)) {
    Wait(subscription);
  } else {
    StopWaiting(subscription);
    subscription.is_behind = true;
    behind_.push_back(subscription.id);
  }
}

void EventHub::FeedTheBehind() {
  const absl::Duration until = ThreadTime() + kBehindPerPass;
  for (std::size_t turns = behind_.size(); turns > 0; --turns) {
    HubSubscription* subscription = Find(behind_.front());
    behind_.pop_front();
    if (subscription == nullptr) continue;
    subscription->is_behind = false;
    // It was sent a sign of life meanwhile.
    if (!subscription->ready) continue;
    behind_turns_ += 1;
    if (IsPastRetention(*subscription)) {
      End(*subscription, log_.PastRetention(subscription->group->filter));
      continue;
    }
    const absl::StatusOr<EventBatch> batch = batches_.FromLog(
        *subscription->group, subscription->reached, subscription->options.batch_events_max);
    if (!batch.ok()) {
      End(*subscription, batch.status());
      continue;
    }
    subscription->reached = batch->reached;
    if (batch->response != nullptr) {
      Send(*subscription, batch->response);
    } else {
      Feed(*subscription);
    }
    if (ThreadTime() >= until) break;
  }
}

void EventHub::BeatHearts(absl::Time now) {
  while (!heartbeats_.empty() && heartbeats_.top().first <= now) {
    HubSubscription* subscription = Find(heartbeats_.top().second);
    heartbeats_.pop();
    if (subscription == nullptr) continue;
    absl::Time due = subscription->last_sent + subscription->options.heartbeat;
    if (due <= now) {
      // A reader that has not taken the last response knows that there is one.
      if (subscription->ready) SendSignOfLife(*subscription);
      due = now + subscription->options.heartbeat;
    }
    heartbeats_.emplace(due, subscription->id);
  }
}

void EventHub::SendSignOfLife(HubSubscription& subscription) {
  if (IsPastRetention(subscription)) {
    End(subscription, log_.PastRetention(subscription.group->filter));
    return;
  }
  const std::string cursor = EncodedCursor(subscription.reached.ToString());
  Send(subscription, std::make_shared<const EncodedResponse>(cursor));
}

void EventHub::Send(HubSubscription& subscription, const EncodedResponsePtr& response) {
  StopWaiting(subscription);
  subscription.ready = false;
  subscription.last_sent = absl::Now();
  ++responses_sent_;
  subscription.receiver->SendEncoded(response);
}

void EventHub::End(HubSubscription& subscription, absl::Status why) {
  StopWaiting(subscription);
  subscription.ready = false;
  subscription.receiver->End(std::move(why));
}

bool EventHub::IsPastRetention(HubSubscription& subscription) {
  FilterGroup& group = *subscription.group;
  const bool covered = group.Covers(subscription.reached);
  // Of those that it has not seen.
  const auto next = std::ranges::upper_bound(group.places, subscription.reached);
  if (covered && next == group.places.end()) {
    subscription.reached = std::max(subscription.reached, router_.head());
  }
  if (group.floors_version != log_.floors_version()) {
    group.floors_version = log_.floors_version();
    group.floor = log_.FloorFor(group.filter);
  }
  if (group.floor <= std::exchange(subscription.floor, group.floor)) return false;
  if (!covered) return group.floor > subscription.reached.sequence;
  // Up to that place the router has seen that nothing matches.
  return next != group.places.end() && group.floor >= next->sequence;
}

void EventHub::Wait(HubSubscription& subscription) {
  if (subscription.waits_at != HubSubscription::kNowhere) return;
  subscription.waits_at = subscription.group->waiting.size();
  subscription.group->waiting.push_back(&subscription);
}

void EventHub::StopWaiting(HubSubscription& subscription) {
  if (subscription.waits_at == HubSubscription::kNowhere) return;
  std::vector<HubSubscription*>& waiting = subscription.group->waiting;
  waiting[subscription.waits_at] = waiting.back();
  waiting[subscription.waits_at]->waits_at = subscription.waits_at;
  waiting.pop_back();
  subscription.waits_at = HubSubscription::kNowhere;
}

HubSubscription* EventHub::Find(SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  return found == subscriptions_.end() ? nullptr : found->second.get();
}

}  // namespace tasker::service
