// Named subscriptions on a store in memory, with a real log, hub and runner, for their tests.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include <gtest/gtest.h>

#include "service/events/subscriptions/subscriptions.h"
#include "service/maintenance/await_answer.h"
#include "service/pipeline/partition_runner.h"
#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {

// A consumer that takes responses as fast as it is let.
class TestConsumer final : public EventReceiver {
 public:
  void Send(v1::SubscribeResponse response) override {
    absl::MutexLock lock(&mutex_);
    if (!response.consumer_id().empty()) id_ = response.consumer_id();
    for (v1::Event& event : *response.mutable_events()) events_.push_back(std::move(event));
    redelivered_ += response.redelivered();
    cursor_ = response.cursor();
    ++responses_;
    if (!stuck_) subscriptions_->Ready(number_);
  }
  void End(absl::Status why) override {
    absl::MutexLock lock(&mutex_);
    end_ = std::move(why);
    ended_ = true;
  }

  // Waits until it was sent so many events in all, and returns their names.
  std::vector<std::string> Await(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&] { return events_.size() >= count || ended_; };
    mutex_.Await(absl::Condition(&enough));
    std::vector<std::string> names;
    for (const v1::Event& event : events_) names.push_back(event.name());
    return names;
  }
  // Waits for the first response; the consumer's id.
  std::string AwaitId() {
    AwaitResponses(1);
    absl::MutexLock lock(&mutex_);
    return id_;
  }
  void AwaitResponses(int count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&] { return responses_ >= count || ended_; };
    mutex_.Await(absl::Condition(&enough));
  }
  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&ended_));
    return end_;
  }
  void Stick() {
    absl::MutexLock lock(&mutex_);
    stuck_ = true;
  }
  // Of the event with that name.
  std::string CursorOf(const std::string& name) {
    absl::MutexLock lock(&mutex_);
    for (const v1::Event& event : events_) {
      if (event.name() == name) return event.cursor();
    }
    return "";
  }
  std::string cursor() {
    absl::MutexLock lock(&mutex_);
    return cursor_;
  }
  std::uint32_t redelivered() {
    absl::MutexLock lock(&mutex_);
    return redelivered_;
  }
  Subscriptions::ConsumerNumber number() const { return number_; }

 private:
  friend class SubscriptionsWorld;

  Subscriptions* subscriptions_ = nullptr;
  Subscriptions::ConsumerNumber number_{};
  absl::Mutex mutex_;
  std::vector<v1::Event> events_;
  std::string id_;
  std::string cursor_;
  std::uint32_t redelivered_ = 0;
  int responses_ = 0;
  bool stuck_ = false;
  absl::Status end_;
  bool ended_ = false;
};

// The service, as far as events go. Stop and Start stand for a crash: what is in the store is left.
class SubscriptionsWorld {
 public:
  SubscriptionsWorld() { Start(); }
  ~SubscriptionsWorld() { Stop(); }

  void Start() {
    const storage::Sequence newest = *store.LastSequence(storage::PartitionId{0});
    log = std::make_unique<EventLog>(&store, storage::PartitionId{0}, newest);
    counts = std::make_unique<EventCounts>(log.get(), &store, newest);
    hub = std::make_unique<EventHub>(log.get(), nullptr);
    PartitionRunner::Options options;
    options.last_slot = storage::kSlotCount;
    options.find_template = [](const engine::TemplateId&) { return nullptr; };
    options.retry_first = absl::Milliseconds(1);
    options.retry_max = absl::Milliseconds(1);
    options.on_writable = [this](storage::Sequence last) {
      counts->StartAnew(last);
      hub->StartAnew(last);
      subscriptions->StartAnew();
    };
    runner = *PartitionRunner::Start(std::move(options), &store, &sink_);
    subscriptions =
        *Subscriptions::Open({&store, log.get(), hub.get(), runner.get(), counts.get()});
    runner->Begin();
  }
  void Stop() {
    subscriptions->Drain();
    hub->Stop();
    runner->Stop();
    subscriptions->Stop();
    subscriptions.reset();
    runner.reset();
    hub.reset();
  }
  void Restart() {
    Stop();
    Start();
  }

  // Publishes one event of each name. A name is of the task that is called like its first letter.
  void Happen(const std::vector<std::string>& names) {
    std::vector<storage::v1::EventRecord> events;
    for (const std::string& name : names) {
      storage::v1::EventRecord& event = events.emplace_back();
      event.set_name(name);
      event.set_at_us(1);
      event.set_task_id(std::string(16, name.front()));
    }
    const absl::Status done = AwaitAnswer(
        [&](Completion answer) { runner->Publish(std::move(events), std::move(answer)); });
    ASSERT_TRUE(done.ok()) << done;
  }

  template <typename Response>
  static absl::StatusOr<Response> Ask(
      const std::function<void(Subscriptions::Answer<Response>)>& ask) {
    absl::StatusOr<Response> given;
    absl::Notification done;
    ask([&](absl::StatusOr<Response> answer) {
      given = std::move(answer);
      done.Notify();
    });
    done.WaitForNotification();
    return given;
  }

  static Subscriptions::Wanted Named(const std::string& name) {
    Subscriptions::Wanted wanted;
    wanted.name = name;
    // Not the events that tell of subscriptions themselves.
    wanted.filter.emplace().add_categories("custom");
    wanted.start.set_from_earliest(true);
    wanted.ack_timeout_us = 60'000'000;
    return wanted;
  }

  absl::StatusOr<v1::CreateSubscriptionResponse> Create(Subscriptions::Wanted wanted) {
    return Ask<v1::CreateSubscriptionResponse>(
        [&](auto answer) { subscriptions->Create(std::move(wanted), std::move(answer)); });
  }
  absl::StatusOr<v1::DeleteSubscriptionResponse> Delete(const std::string& name) {
    return Ask<v1::DeleteSubscriptionResponse>(
        [&](auto answer) { subscriptions->Delete(name, std::move(answer)); });
  }
  absl::StatusOr<v1::ResetSubscriptionResponse> Reset(const std::string& name,
                                                      const v1::EventStart& start) {
    return Ask<v1::ResetSubscriptionResponse>(
        [&](auto answer) { subscriptions->Reset(name, start, std::move(answer)); });
  }
  absl::StatusOr<v1::AcknowledgeResponse> Acknowledge(const std::string& name,
                                                      const std::string& cursor,
                                                      const std::string& consumer_id = "") {
    v1::AcknowledgeRequest request;
    request.set_subscription(name);
    request.set_cursor(cursor);
    request.set_consumer_id(consumer_id);
    return Ask<v1::AcknowledgeResponse>(
        [&](auto answer) { subscriptions->Acknowledge(request, std::move(answer)); });
  }

  std::shared_ptr<TestConsumer> Consume(Subscriptions::Wanted wanted,
                                        std::uint32_t unacknowledged_max = 1000) {
    auto consumer = std::make_shared<TestConsumer>();
    consumer->subscriptions_ = subscriptions.get();
    consumer->number_ = subscriptions->NewConsumer();
    NamedSubscription::ConsumerOptions options;
    options.unacknowledged_max = unacknowledged_max;
    options.batch_max = 256;
    options.heartbeat = heartbeat;
    subscriptions->Consume(consumer->number_, std::move(wanted), std::move(options), consumer);
    return consumer;
  }

  // Waits for `holds` of the subscription as it is described; each look waits for the thread.
  void AwaitState(const std::string& name,
                  const std::function<bool(const v1::Subscription&)>& holds) {
    while (!holds(*subscriptions->Get(name))) {
    }
  }

  storage::MemoryStore store;
  std::chrono::milliseconds heartbeat{600'000};
  std::unique_ptr<EventLog> log;
  std::unique_ptr<EventCounts> counts;
  std::unique_ptr<EventHub> hub;
  std::unique_ptr<PartitionRunner> runner;
  std::unique_ptr<Subscriptions> subscriptions;

 private:
  // Lets events out.
  class Sink final : public EffectSink {
   public:
    explicit Sink(SubscriptionsWorld* world) : world_(*world) {}
    void Release(Committed committed) override {
      if (committed.events == nullptr) return;
      world_.counts->Add(committed.sequence,
                         static_cast<std::uint64_t>(committed.events->events_size()));
      world_.hub->Publish(committed.sequence, std::move(committed.events));
    }

   private:
    SubscriptionsWorld& world_;
  };

  Sink sink_{this};
};

}  // namespace tasker::service
