#include "service/events/subscriptions/named_subscription.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include <google/protobuf/util/time_util.h>

#include "service/events/subscriptions/subscription_record.h"
#include "service/pipeline/clock.h"
#include "service/pipeline/position.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using google::protobuf::util::TimeUtil;

// What a response holds at most, as the hub's own.
constexpr std::size_t kBytesPerResponseMax = 1u << 20;

// How the hub feeds us.
constexpr std::size_t kEventsPerBatch = 1000;
constexpr absl::Duration kMoveOnEvery = absl::Seconds(2);

// How long the mark may be ahead of what is stored when only events that do not match moved it.
constexpr std::chrono::seconds kStoreMarkAfter{10};

std::int64_t NowMicros() { return ReadClock().time_since_epoch().count(); }

std::optional<EventSharing::Time> Earlier(std::optional<EventSharing::Time> one,
                                          std::optional<EventSharing::Time> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

}  // namespace

// Passes on what the hub says.
class NamedSubscription::Feed final : public EventReceiver {
 public:
  Feed(Post post, std::uint64_t number) : post_(std::move(post)), number_(number) {}

  // What others share is taken apart on our own thread and not on the hub's.
  void SendEncoded(const EncodedResponsePtr& response) override {
    post_([number = number_, response](NamedSubscription& self) {
      self.TakeEvents(number, response->Message());
    });
  }
  void Send(v1::SubscribeResponse response) override {
    post_([number = number_, response = std::move(response)](NamedSubscription& self) mutable {
      self.TakeEvents(number, std::move(response));
    });
  }
  void End(absl::Status why) override {
    post_([number = number_, why = std::move(why)](NamedSubscription& self) {
      self.FeedEnded(number, why);
    });
  }

 private:
  const Post post_;
  const std::uint64_t number_;
};

NamedSubscription::NamedSubscription(World world, Post post, std::string name,
                                     storage::v1::SubscriptionRecord record, EventFilter filter,
                                     const EventCursor& doubted)
    : world_(world),
      post_(std::move(post)),
      name_(std::move(name)),
      record_(std::move(record)),
      filter_(std::move(filter)),
      doubted_(doubted),
      sharing_(CursorOf(record_.acknowledged(), world_.partition)),
      stored_mark_(sharing_.mark()) {}

NamedSubscription::~NamedSubscription() = default;

storage::v1::SubscriptionRecord NamedSubscription::RecordAt(const EventCursor& mark) const {
  storage::v1::SubscriptionRecord record = record_;
  *record.mutable_acknowledged() = PlaceOf(mark);
  return record;
}

std::string NamedSubscription::Blocked() const {
  const EventCursor earliest{world_.partition, world_.log->FloorFor(filter_),
                             EventCursor::kWholeCommit};
  if (sharing_.mark().sequence >= earliest.sequence) return "";
  return absl::StrCat("events behind the cursor ", sharing_.mark().ToString(),
                      " of the subscription \"", name_,
                      "\" were removed by retention; the earliest cursor is ", earliest.ToString(),
                      "; reset the subscription to go on");
}

void NamedSubscription::LookForRetention() {
  const bool blocked = !Blocked().empty();
  if (blocked && !was_blocked_) ++overtaken_;
  was_blocked_ = blocked;
}

absl::Status NamedSubscription::Join(ConsumerNumber number, ConsumerOptions options,
                                     std::shared_ptr<EventReceiver> receiver, Time now) {
  // Who reads on has seen what was removed since.
  if (consumers_.empty()) {
    LookForRetention();
    if (std::string blocked = Blocked(); !blocked.empty()) {
      return absl::OutOfRangeError(blocked);
    }
  }
  v1::SubscribeResponse first;
  first.set_cursor(sharing_.mark().ToString());
  first.set_consumer_id(options.id);
  sharing_.AddConsumer(number, options.unacknowledged_max);
  consumers_[number] = {std::move(options), receiver, false, now, NowMicros()};
  receiver->Send(std::move(first));
  if (!fed_by_) StartFeed();
  return absl::OkStatus();
}

void NamedSubscription::Ready(ConsumerNumber number) {
  if (const auto consumer = consumers_.find(number); consumer != consumers_.end()) {
    consumer->second.ready = true;
  }
}

void NamedSubscription::Leave(ConsumerNumber number) {
  if (consumers_.erase(number) == 0) return;
  if (consumers_.empty()) StopFeed();
  sharing_.RemoveConsumer(number);
}

void NamedSubscription::Expel(ConsumerNumber number, const absl::Status& why) {
  const auto consumer = consumers_.find(number);
  if (consumer == consumers_.end()) return;
  const std::shared_ptr<EventReceiver> receiver = consumer->second.receiver;
  Leave(number);
  receiver->End(why);
}

void NamedSubscription::EndConsumers(const absl::Status& why) {
  while (!consumers_.empty()) Expel(consumers_.begin()->first, why);
}

void NamedSubscription::EndAll(const absl::Status& why) {
  EndConsumers(why);
  for (Waiting& waiting : std::exchange(waiting_, {})) waiting.done(why);
}

void NamedSubscription::Suspend(const absl::Status& why) {
  suspended_ = true;
  EndAll(why);
}

void NamedSubscription::StartFeed() {
  hub_waits_ = false;
  FeedOptions options;
  options.batch_events_max = kEventsPerBatch;
  // Moves the mark over what does not match.
  options.heartbeat = kMoveOnEvery;
  options.greet = false;
  fed_by_ = world_.hub->Subscribe(filter_, sharing_.mark(), std::make_shared<Feed>(post_, ++feed_),
                                  options);
}

void NamedSubscription::StopFeed() {
  if (!fed_by_) return;
  world_.hub->Unsubscribe(*fed_by_);
  fed_by_.reset();
  ++feed_;
}

void NamedSubscription::TakeEvents(std::uint64_t feed, v1::SubscribeResponse response) {
  if (feed != feed_) return;
  hub_waits_ = true;
  for (v1::Event& event : *response.mutable_events()) {
    if (const auto cursor = EventCursor::Parse(event.cursor())) {
      sharing_.Add(*cursor, std::move(event));
    }
  }
  if (const auto reached = EventCursor::Parse(response.cursor())) sharing_.PassOver(*reached);
}

void NamedSubscription::FeedEnded(std::uint64_t feed, const absl::Status& why) {
  if (feed != feed_) return;
  // The hub has forgotten it already, or does not mind.
  StopFeed();
  LookForRetention();
  const std::string blocked = Blocked();
  EndConsumers(blocked.empty() ? why : absl::OutOfRangeError(blocked));
}

EventCursor NamedSubscription::sent_max() const {
  return std::max({sharing_.mark(), doubted_, sharing_.sent_up_to().value_or(doubted_)});
}

absl::Status NamedSubscription::Settled(ConsumerNumber number, const EventCursor& cursor,
                                        Time now) {
  if (number != ConsumerNumber::kNone) return sharing_.Acknowledge(number, cursor, now);
  // Not so if that was sent to one who was there before the only one.
  if (consumers_.size() == 1 && sharing_.Acknowledge(consumers_.begin()->first, cursor, now).ok()) {
    return absl::OkStatus();
  }
  // What those were sent who have gone, and before this was made, is not known one by one.
  if (cursor > sent_max()) {
    return absl::InvalidArgumentError(absl::StrCat("cursor: \"", cursor.ToString(),
                                                   "\" lies beyond what was sent, up to ",
                                                   sent_max().ToString()));
  }
  sharing_.AcknowledgeUpTo(cursor, now);
  return absl::OkStatus();
}

void NamedSubscription::Acknowledge(ConsumerNumber number, const EventCursor& cursor, Time now,
                                    AcknowledgeDone done) {
  if (number != ConsumerNumber::kNone && !consumers_.contains(number)) {
    done(absl::AbortedError("the consumer is gone; what it had goes to others"));
    return;
  }
  const std::uint64_t before = sharing_.acknowledged();
  if (absl::Status settled = Settled(number, cursor, now); !settled.ok()) {
    done(std::move(settled));
    return;
  }
  if (sharing_.acknowledged() != before) acknowledged_at_us_ = NowMicros();
  if (sharing_.mark() <= stored_mark_) {
    v1::AcknowledgeResponse response;
    response.set_cursor(stored_mark_.ToString());
    done(std::move(response));
    return;
  }
  waiting_.push_back({sharing_.mark(), std::move(done)});
}

void NamedSubscription::StoreMark(Time now) {
  if (suspended_) return;
  if (storing_ || sharing_.mark() <= stored_mark_) {
    if (!storing_) ahead_since_.reset();
    return;
  }
  if (!ahead_since_) ahead_since_ = now;
  if (waiting_.empty() && now - *ahead_since_ < kStoreMarkAfter) return;
  storing_ = true;
  const EventCursor mark = sharing_.mark();
  storage::Batch batch;
  batch.Put(storage::Table::kPartitions, storage::SubscriptionKey(world_.partition, name_),
            RecordAt(mark).SerializeAsString());
  world_.runner->Write(std::move(batch), [post = post_, mark](const absl::Status& answer,
                                                              storage::Sequence sequence) {
    post(
        [mark, answer, sequence](NamedSubscription& self) { self.Stored(mark, answer, sequence); });
  });
}

void NamedSubscription::Stored(const EventCursor& mark, const absl::Status& answer,
                               storage::Sequence sequence) {
  storing_ = false;
  ahead_since_.reset();
  if (answer.ok()) stored_mark_ = std::max(stored_mark_, mark);
  while (!waiting_.empty() && waiting_.front().mark <= mark) {
    AcknowledgeDone done = std::move(waiting_.front().done);
    waiting_.pop_front();
    if (!answer.ok()) {
      done(answer);
      continue;
    }
    v1::AcknowledgeResponse response;
    SetPosition(world_.partition, sequence, *response.mutable_position());
    response.set_cursor(mark.ToString());
    done(std::move(response));
  }
}

void NamedSubscription::SendTo(ConsumerNumber number, Consumer& consumer, Time now) {
  v1::SubscribeResponse response;
  const EventSharing::Portion portion{consumer.options.batch_max, kBytesPerResponseMax};
  if (!sharing_.TakeFor(number, portion, doubted_, now, response)) {
    if (now - consumer.last_sent < consumer.options.heartbeat) return;
    // Of what it holds, so that who acknowledges it acknowledges what came before.
    response.set_cursor(sharing_.LastHeld(number).value_or(sharing_.mark()).ToString());
  }
  consumer.ready = false;
  consumer.last_sent = now;
  consumer.receiver->Send(std::move(response));
}

std::optional<NamedSubscription::Time> NamedSubscription::ExpelTheIdle(Time now) {
  std::optional<Time> next;
  std::vector<ConsumerNumber> idle;
  const std::chrono::microseconds limit(record_.ack_timeout_us());
  for (const auto& [number, consumer] : consumers_) {
    const std::optional<Time> since = sharing_.IdleSince(number);
    if (!since || consumers_.size() == 1) continue;
    if (now < *since + limit) {
      next = Earlier(next, *since + limit);
    } else if (sharing_.OthersHaveRoom(number)) {
      idle.push_back(number);
    }
  }
  for (const ConsumerNumber number : idle) {
    Expel(number, absl::AbortedError(absl::StrCat(
                      "nothing was acknowledged for the subscription's ack_timeout of ",
                      static_cast<double>(record_.ack_timeout_us()) / 1e6,
                      " s; the consumer's events go to others")));
  }
  return next;
}

std::optional<NamedSubscription::Time> NamedSubscription::Settle(Time now) {
  std::optional<Time> next = ExpelTheIdle(now);
  for (auto& [number, consumer] : consumers_) {
    if (!consumer.ready) continue;
    SendTo(number, consumer, now);
    if (consumer.ready) next = Earlier(next, consumer.last_sent + consumer.options.heartbeat);
  }
  if (fed_by_ && hub_waits_ && sharing_.HasRoom()) {
    hub_waits_ = false;
    world_.hub->Ready(*fed_by_);
  }
  StoreMark(now);
  if (ahead_since_ && !storing_) next = Earlier(next, *ahead_since_ + kStoreMarkAfter);
  return next;
}

v1::Subscription NamedSubscription::Describe() const {
  v1::Subscription described;
  described.set_name(name_);
  *described.mutable_filter() = record_.filter();
  described.set_cursor(sharing_.mark().ToString());
  *described.mutable_created_at() = TimeUtil::MicrosecondsToTimestamp(record_.created_at_us());
  *described.mutable_ack_timeout() = TimeUtil::MicrosecondsToDuration(record_.ack_timeout_us());
  for (const auto& [number, consumer] : consumers_) {
    v1::SubscriptionConsumer& each = *described.add_consumers();
    each.set_consumer_id(consumer.options.id);
    each.set_consumer_name(consumer.options.name);
    *each.mutable_connected_at() = TimeUtil::MicrosecondsToTimestamp(consumer.connected_at_us);
    each.set_unacknowledged_events(sharing_.unacknowledged(number));
    each.set_acknowledged_events(sharing_.acknowledged(number));
  }
  described.set_unacknowledged_events(sharing_.unacknowledged());
  described.set_acknowledged_events(sharing_.acknowledged());
  described.set_redelivered_events(sharing_.redelivered());
  if (acknowledged_at_us_) {
    *described.mutable_acknowledged_at() = TimeUtil::MicrosecondsToTimestamp(*acknowledged_at_us_);
  }
  if (consumers_.empty()) described.set_blocked(Blocked());
  return described;
}

}  // namespace tasker::service
