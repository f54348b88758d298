// One named subscription at work: events in from the log, out to its consumers.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "service/events/event_filter.h"
#include "service/events/event_hub.h"
#include "service/events/event_log.h"
#include "service/events/subscriptions/event_sharing.h"
#include "service/pipeline/partition_runner.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// All of it, and its receivers' Send and End, happens on the thread of the subscriptions; only what
// the hub and the runner's threads say comes through `post`.
//
// With a consumer it subscribes at the hub behind its mark, and asks for more as long as there is
// room; without one it reads nothing. It ends consumers that acknowledge nothing in time while
// others could take their events.
class NamedSubscription {
 public:
  using Time = EventSharing::Time;
  using ConsumerNumber = EventSharing::ConsumerNumber;
  using AcknowledgeDone = absl::AnyInvocable<void(absl::StatusOr<v1::AcknowledgeResponse>)>;

  // Does `work` with the subscription on its thread, unless it is gone by then.
  using Post = std::function<void(absl::AnyInvocable<void(NamedSubscription&)> work)>;

  struct World {
    storage::PartitionId partition{};
    EventLog* log = nullptr;
    EventHub* hub = nullptr;
    PartitionRunner* runner = nullptr;
  };

  struct ConsumerOptions {
    std::string id;
    std::string name;
    std::uint32_t unacknowledged_max = 0;
    std::size_t batch_max = 0;
    std::chrono::milliseconds heartbeat{};
  };

  // `record` is stored. Events up to `doubted` may have been sent before this was made.
  NamedSubscription(World world, Post post, std::string name,
                    storage::v1::SubscriptionRecord record, EventFilter filter,
                    const EventCursor& doubted);
  // Precondition: EndAll was called.
  ~NamedSubscription();
  NamedSubscription(const NamedSubscription&) = delete;
  NamedSubscription& operator=(const NamedSubscription&) = delete;

  // The receiver's first response comes at once; later ones as Ready is called. Error:
  // OUT_OF_RANGE: events behind the mark were removed; nobody joins.
  absl::Status Join(ConsumerNumber number, ConsumerOptions options,
                    std::shared_ptr<EventReceiver> receiver, Time now);
  // The consumer can take another response.
  void Ready(ConsumerNumber number);
  // Its receiver hears nothing more.
  void Leave(ConsumerNumber number);

  // `number`: kNone: as AcknowledgeRequest says of none. Answers once, when that is stored. Errors
  // as EventService.Acknowledge.
  void Acknowledge(ConsumerNumber number, const EventCursor& cursor, Time now,
                   AcknowledgeDone done);

  // Ends all consumers' calls. It goes on from the mark if one joins after.
  void EndConsumers(const absl::Status& why);
  // And answers with `why` who waits.
  void EndAll(const absl::Status& why);

  // As EndAll; and from now on nothing is stored, so that a change of the whole subscription is the
  // last word, until Resume: it was not made.
  void Suspend(const absl::Status& why);
  void Resume() { suspended_ = false; }

  // Sends and asks for what can be sent and asked for. Returns when to call again even if nothing
  // happens; nullopt: not needed.
  std::optional<Time> Settle(Time now);

  // All but the lag.
  v1::Subscription Describe() const;
  // Why nobody can join; empty: they can.
  std::string Blocked() const;

  const std::string& name() const { return name_; }
  const EventFilter& filter() const { return filter_; }
  const EventCursor& mark() const { return sharing_.mark(); }
  // Nothing behind this was ever sent.
  EventCursor sent_max() const;
  const EventCursor& stored_mark() const { return stored_mark_; }
  const storage::v1::SubscriptionRecord& record() const { return record_; }
  // The same, as it is to be stored with this mark.
  storage::v1::SubscriptionRecord RecordAt(const EventCursor& mark) const;
  // Times that retention was found to have removed events behind the mark.
  std::uint64_t overtaken() const { return overtaken_; }
  // Counts it if that is so now.
  void LookForRetention();

 private:
  class Feed;
  struct Consumer {
    ConsumerOptions options;
    std::shared_ptr<EventReceiver> receiver;
    bool ready = false;
    Time last_sent{};
    std::int64_t connected_at_us = 0;
  };
  struct Waiting {
    EventCursor mark;
    AcknowledgeDone done;
  };

  void TakeEvents(std::uint64_t feed, v1::SubscribeResponse response);
  void FeedEnded(std::uint64_t feed, const absl::Status& why);
  void StartFeed();
  void StopFeed();
  // Ends the one consumer.
  void Expel(ConsumerNumber number, const absl::Status& why);
  absl::Status Settled(ConsumerNumber number, const EventCursor& cursor, Time now);
  void SendTo(ConsumerNumber number, Consumer& consumer, Time now);
  // Returns when the next of them is due.
  std::optional<Time> ExpelTheIdle(Time now);
  void StoreMark(Time now);
  void Stored(const EventCursor& mark, const absl::Status& answer, storage::Sequence sequence);

  const World world_;
  const Post post_;
  const std::string name_;
  const storage::v1::SubscriptionRecord record_;
  const EventFilter filter_;
  const EventCursor doubted_;
  EventSharing sharing_;
  std::map<ConsumerNumber, Consumer> consumers_;

  // Counts feeds, so that what an earlier one still says is passed over.
  std::uint64_t feed_ = 0;
  std::optional<EventHub::SubscriptionId> fed_by_;
  // The hub waits to be told that more can be taken.
  bool hub_waits_ = false;

  EventCursor stored_mark_;
  bool storing_ = false;
  bool suspended_ = false;
  // Since when the mark is ahead of what is stored with nobody waiting for it.
  std::optional<Time> ahead_since_;
  std::deque<Waiting> waiting_;
  std::optional<std::int64_t> acknowledged_at_us_;
  std::uint64_t overtaken_ = 0;
  bool was_blocked_ = false;
};

}  // namespace tasker::service
