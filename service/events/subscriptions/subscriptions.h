// All named subscriptions of a partition: which there are, and who consumes them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "service/events/event_hub.h"
#include "service/events/event_log.h"
#include "service/events/event_start.h"
#include "service/events/subscriptions/event_counts.h"
#include "service/events/subscriptions/named_subscription.h"
#include "service/events/subscriptions/subscription_thread.h"
#include "service/pipeline/partition_runner.h"
#include "storage/store.h"
#include "tasker/v1/event_subscription.pb.h"

namespace tasker::service {

// Reads what is stored when it is opened, and stores what changes. One thread, `subscriptions`,
// does all that is done with them; changes of one name are made one after the other. Public methods
// may be called from any thread; answers come on that thread, once, and must not block.
class Subscriptions {
 public:
  using ConsumerNumber = EventSharing::ConsumerNumber;
  template <typename Response>
  using Answer = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  static constexpr std::size_t kSubscriptionsMax = 10'000;

  // All must outlive it and what it has asked them for.
  struct Parts {
    storage::Store* store = nullptr;
    EventLog* log = nullptr;
    EventHub* hub = nullptr;
    PartitionRunner* runner = nullptr;
    EventCounts* counts = nullptr;
  };

  // A subscription that is to be there.
  struct Wanted {
    std::string name;
    // Unset: whatever it has, or all events if it has to be made.
    std::optional<v1::EventFilter> filter;
    v1::EventStart start;
    std::int64_t ack_timeout_us = 0;
  };

  // What metrics tell of one subscription.
  struct Figures {
    v1::Subscription subscription;
    std::uint64_t overtaken = 0;
  };

  // Errors: what the store answers; DATA_LOSS: a subscription cannot be read.
  static absl::StatusOr<std::unique_ptr<Subscriptions>> Open(const Parts& parts);
  // Stops as Stop does.
  ~Subscriptions();

  // The store takes commits again, and may have others than was answered.
  void StartAnew();

  // Contracts of the next: event_service.proto. What they are given is checked: names, filters and
  // ack_timeouts are well formed.
  void Create(Wanted wanted, Answer<v1::CreateSubscriptionResponse> answer);
  void Delete(std::string name, Answer<v1::DeleteSubscriptionResponse> answer);
  void Reset(std::string name, v1::EventStart start, Answer<v1::ResetSubscriptionResponse> answer);
  void Acknowledge(const v1::AcknowledgeRequest& request, Answer<v1::AcknowledgeResponse> answer);

  // The next two wait for the thread, and may read the store to count what lies behind. NOT_FOUND:
  // there is none.
  absl::StatusOr<v1::Subscription> Get(const std::string& name);
  // By name.
  std::vector<Figures> List();

  ConsumerNumber NewConsumer() { return ConsumerNumber{++last_consumer_}; }
  // `consumer`, a new one, consumes `wanted`, which is made if there is none. The receiver's first
  // response or its end comes soon.
  void Consume(ConsumerNumber consumer, Wanted wanted, NamedSubscription::ConsumerOptions options,
               std::shared_ptr<EventReceiver> receiver);
  void Ready(ConsumerNumber number);
  // Its receiver hears nothing more once this has been dealt with.
  void Leave(ConsumerNumber number);

  // Tells that what a caller wanted for a subscription was refused. Seldom more than once a second.
  void Refused(std::string name, absl::Status why);

  // Ends consumers with UNAVAILABLE, and answers new calls so; those that wait for the store are
  // still answered.
  void Drain();
  // Behind that: does what was begun and ends the thread. Idempotent.
  void Stop();

 private:
  using Time = EventSharing::Time;
  using Made = absl::AnyInvocable<void(absl::StatusOr<NamedSubscription*>, storage::Sequence)>;
  // Names a NamedSubscription, never used twice.
  using Number = std::uint64_t;

  struct Kept {
    Number number;
    std::unique_ptr<NamedSubscription> subscription;
  };

  explicit Subscriptions(const Parts& parts);

  static absl::Status NoSubscription(const std::string& name);
  // Has `stored` called on the thread.
  Completion OnThread(Completion stored);

  // All below: on the thread.
  absl::Status Refusal() const;
  NamedSubscription* Find(const std::string& name);
  NamedSubscription* Find(Number number);
  NamedSubscription& Keep(const std::string& name, storage::v1::SubscriptionRecord record,
                          EventFilter filter, const EventCursor& doubted);
  void Drop(const std::string& name, const absl::Status& why);
  void Touch(Number number) { touched_.insert(number); }
  std::optional<Time> Settle();

  // Does `change` once no other of that name is under way; it calls ChangeDone when it is done.
  void Change(const std::string& name, SubscriptionThread::Work change);
  void ChangeDone(const std::string& name);

  absl::StatusOr<EventCursor> FindStart(const v1::EventStart& start,
                                        const EventFilter& filter) const;
  // Makes it in any case.
  void Make(Wanted wanted, Made made);
  void DeleteNow(const std::string& name, Answer<v1::DeleteSubscriptionResponse> answer);
  void ResetNow(const std::string& name, const v1::EventStart& start,
                Answer<v1::ResetSubscriptionResponse> answer);
  void AcknowledgeNow(const v1::AcknowledgeRequest& request, const EventCursor& cursor,
                      Answer<v1::AcknowledgeResponse> answer);
  void ConsumeNow(Wanted wanted, ConsumerNumber number, NamedSubscription::ConsumerOptions options,
                  std::shared_ptr<EventReceiver> receiver);
  void JoinNow(NamedSubscription& subscription, ConsumerNumber number,
               NamedSubscription::ConsumerOptions options,
               const std::shared_ptr<EventReceiver>& receiver);
  // Makes what is kept of the name what is stored.
  void TakeUp(const std::string& name);
  absl::Status KeepStored(const std::string& name, std::string_view row,
                          const EventCursor& doubted);
  // The names that are stored.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadRows() const;

  // Adds what lies behind the subscription's cursor.
  void AddLag(v1::Subscription& subscription);

  const Parts parts_;
  const EventStarts starts_;
  // Different at each start of the service, so that nobody is taken for a consumer of an earlier
  // one.
  const std::string consumer_prefix_;
  std::atomic<std::uint64_t> last_consumer_{0};

  // Of the thread.
  bool draining_ = false;
  Number last_number_ = 0;
  std::map<std::string, Kept> kept_;
  absl::flat_hash_map<Number, NamedSubscription*> by_number_;
  absl::flat_hash_map<ConsumerNumber, Number> consumers_;
  // Those that came and did not join yet.
  absl::flat_hash_set<ConsumerNumber> joining_;
  // By name: what waits for the change under way.
  absl::flat_hash_map<std::string, std::deque<SubscriptionThread::Work>> changes_;
  std::size_t being_made_ = 0;
  absl::flat_hash_set<Number> touched_;
  absl::btree_set<std::pair<Time, Number>> due_;
  absl::flat_hash_map<Number, Time> due_at_;
  std::optional<Time> refusal_told_at_;

  SubscriptionThread thread_;
};

}  // namespace tasker::service
