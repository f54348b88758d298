// Brings events to subscribers, each at its own pace.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "service/events/encoded_response.h"
#include "service/events/event_batches.h"
#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/events/event_log.h"
#include "service/events/event_router.h"
#include "service/events/event_window.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// Where a subscriber's events go. Implementations are safe for concurrent use.
class EventReceiver {
 public:
  virtual ~EventReceiver() = default;
  // Takes the next response. Must not block. The receiver then calls EventHub::Ready once it can
  // take another; until then it is given none.
  virtual void Send(v1::SubscribeResponse response) = 0;
  // The same, as bytes that it may share with others: what the hub calls.
  virtual void SendEncoded(const EncodedResponsePtr& response) { Send(response->Message()); }
  // The subscription has ended with an error; nothing follows.
  virtual void End(absl::Status why) = 0;
};

// How a subscriber is to be fed.
struct FeedOptions {
  // Events a response, at most.
  std::size_t batch_events_max = 256;
  // After so long without a response an empty one is sent, whose cursor has moved on.
  absl::Duration heartbeat = absl::InfiniteDuration();
  // Whether it begins with an empty response that holds the cursor it starts behind.
  bool greet = true;
};

using SubscriptionId = std::uint64_t;

// One subscriber. Of the hub's thread.
struct HubSubscription {
  SubscriptionId id;
  FeedOptions options;
  FilterGroup* group;
  // Of what was sent or passed over.
  EventCursor reached;
  // Up to where events may be missing without the subscriber having missed them.
  storage::Sequence floor{};
  std::shared_ptr<EventReceiver> receiver;
  absl::Time last_sent;
  // It can take a response.
  bool ready = true;
  bool is_behind = false;
  // Its place in group->waiting; kNowhere: it is not there.
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  std::size_t waits_at = kNowhere;
};

// One thread, `events`, owns all subscriptions. It works in passes: it looks at each new event once
// and finds who wants it (event_router.h), then sends those who can take it what they have not
// seen; who is further behind reads the log, a bounded piece each time. A slow subscriber holds up
// nobody: what it has not taken stays in the log. The more responses a pass sent, the longer the
// thread rests after it: many subscribers get larger responses, not more of the machine.
//
// All public methods may be called from any thread.
class EventHub {
 public:
  using SubscriptionId = service::SubscriptionId;

  // `log` must outlive the hub. `observe` is called on the hub's thread with every commit's events,
  // in order; may be null.
  EventHub(EventLog* log, std::function<void(const storage::v1::EventBatchRecord&)> observe);
  // Stops as Stop does.
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // Tells the hub of a commit that is durable. Does not block.
  void Publish(storage::Sequence sequence, EventBatchPtr events);

  // The store holds commits up to `newest` of which some may not have been published.
  void StartAnew(storage::Sequence newest);

  // Sends `receiver` what lies behind `after`.
  SubscriptionId Subscribe(EventFilter filter, EventCursor after,
                           std::shared_ptr<EventReceiver> receiver, FeedOptions options = {});
  // The receiver can take another response.
  void Ready(SubscriptionId id);
  // Forgets a subscription; its receiver hears nothing more, unless it is being called just now.
  void Unsubscribe(SubscriptionId id);

  // Ends every subscription with UNAVAILABLE, then the thread. What is published from now on is
  // only added to the log. Idempotent.
  void Stop();

  std::size_t subscribers() const;

 private:
  struct Newcomer {
    SubscriptionId id;
    EventFilter filter;
    EventCursor after;
    // When it was taken.
    storage::Sequence floor{};
    std::shared_ptr<EventReceiver> receiver;
    FeedOptions options;
  };
  // What has come in since the last pass.
  struct Inbox {
    std::vector<Newcomer> added;
    std::vector<SubscriptionId> ready;
    std::vector<SubscriptionId> removed;
    std::vector<EventBatchPtr> unobserved;
    bool news = false;

    bool empty() const { return added.empty() && ready.empty() && removed.empty() && !news; }
  };
  using Due = std::pair<absl::Time, SubscriptionId>;

  void Run();
  // Waits for something to do; false: it is time to end.
  bool AwaitInbox(Inbox& inbox);
  absl::Duration RestAfter(absl::Duration worked) const;
  void Rest(absl::Duration pause);
  void WakeUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void Pass(Inbox& inbox);
  void Add(Newcomer newcomer);
  void Remove(SubscriptionId id);
  void Observe(const std::vector<EventBatchPtr>& batches);
  void RouteNews();
  // Sends the subscription what the router has found for it; if it is further behind, or there is
  // nothing, puts it among those who are or who wait.
  void Feed(HubSubscription& subscription);
  // Reads the log for some of those who are behind.
  void FeedTheBehind();
  void BeatHearts(absl::Time now);
  // An empty response with where it stands.
  void SendSignOfLife(HubSubscription& subscription);
  void Send(HubSubscription& subscription, const EncodedResponsePtr& response);
  void End(HubSubscription& subscription, absl::Status why);
  // Moves `reached` over what does not match, and tells whether retention has removed what it has
  // not come to.
  bool IsPastRetention(HubSubscription& subscription);
  void Wait(HubSubscription& subscription);
  static void StopWaiting(HubSubscription& subscription);
  HubSubscription* Find(SubscriptionId id);

  EventLog& log_;
  const std::function<void(const storage::v1::EventBatchRecord&)> observe_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether the thread rests, and needs not be woken.
  bool resting_ ABSL_GUARDED_BY(mutex_) = false;
  SubscriptionId last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  Inbox inbox_ ABSL_GUARDED_BY(mutex_);
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;

  // Of the hub's thread.
  EventWindow window_;
  EventRouter router_;
  EventBatches batches_;
  absl::flat_hash_map<SubscriptionId, std::unique_ptr<HubSubscription>> subscriptions_;
  // Those that are behind what the router knows, in the order of their turns.
  std::deque<SubscriptionId> behind_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> heartbeats_;
  // Whether the router has not come to the log's end.
  bool unrouted_ = false;
  // In this pass.
  std::int64_t responses_sent_ = 0;
  std::int64_t behind_turns_ = 0;
  absl::Mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace tasker::service
