// Brings events to subscribers, each at its own pace.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/events/event_log.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// Where a subscriber's events go. Implementations are safe for concurrent use.
class EventReceiver {
 public:
  virtual ~EventReceiver() = default;
  // Takes the next response. Must not block. The receiver then calls EventHub::Ready once it can
  // take another; until then it is given none.
  virtual void Send(v1::SubscribeResponse response) = 0;
  // The subscription has ended with an error; nothing follows.
  virtual void End(absl::Status why) = 0;
};

// One thread, `events`, owns all subscriptions: it reads the log for those that are ready for more
// and have not seen its end. A slow subscriber holds up nobody: what it has not taken stays in the
// log. All public methods may be called from any thread.
class EventHub {
 public:
  using SubscriptionId = std::uint64_t;

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

  // Sends `receiver` what lies behind `after`, beginning with an empty response that holds `after`.
  SubscriptionId Subscribe(EventFilter filter, EventCursor after,
                           std::shared_ptr<EventReceiver> receiver);
  // The receiver can take another response.
  void Ready(SubscriptionId id);
  // Forgets a subscription; its receiver hears nothing more, unless it is being called just now.
  void Unsubscribe(SubscriptionId id);

  // Ends every subscription with UNAVAILABLE, then the thread. What is published from now on is
  // only added to the log. Idempotent.
  void Stop();

  std::size_t subscribers() const;

 private:
  struct Subscription {
    SubscriptionId id;
    EventFilter filter;
    // Of what was sent or passed over.
    EventCursor reached;
    // Up to where events may be missing without the subscriber having missed them.
    storage::Sequence floor{};
    std::shared_ptr<EventReceiver> receiver;
    bool greeted = false;
    bool ready = true;
  };

  void Run();
  // Sends the next response if there is one. True: it stopped before the log's end.
  bool Feed(Subscription& subscription);
  void Observe();

  EventLog& log_;
  const std::function<void(const storage::v1::EventBatchRecord&)> observe_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool news_ ABSL_GUARDED_BY(mutex_) = false;
  SubscriptionId last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Subscription>> added_ ABSL_GUARDED_BY(mutex_);
  std::vector<SubscriptionId> ready_ ABSL_GUARDED_BY(mutex_);
  std::vector<SubscriptionId> removed_ ABSL_GUARDED_BY(mutex_);
  std::vector<EventBatchPtr> unobserved_ ABSL_GUARDED_BY(mutex_);
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;

  // Of the hub's thread.
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  absl::Mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace tasker::service
