// Subscriptions: their consumers, and what those acknowledge.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "service/events/subscriptions/subscription_record.h"
#include "service/events/subscriptions/subscriptions.h"

namespace tasker::service {

void Subscriptions::Consume(ConsumerNumber number, Wanted wanted,
                            NamedSubscription::ConsumerOptions options,
                            std::shared_ptr<EventReceiver> receiver) {
  options.id = absl::StrCat(consumer_prefix_, "-", static_cast<std::uint64_t>(number));
  thread_.Post([this, wanted = std::move(wanted), number, options = std::move(options),
                receiver = std::move(receiver)]() mutable {
    joining_.insert(number);
    const std::string name = wanted.name;
    Change(name, [this, wanted = std::move(wanted), number, options = std::move(options),
                  receiver = std::move(receiver)]() mutable {
      ConsumeNow(std::move(wanted), number, std::move(options), std::move(receiver));
    });
  });
}

void Subscriptions::ConsumeNow(Wanted wanted, ConsumerNumber number,
                               NamedSubscription::ConsumerOptions options,
                               std::shared_ptr<EventReceiver> receiver) {
  const std::string name = wanted.name;
  NamedSubscription* found = Find(name);
  absl::Status refusal = Refusal();
  if (refusal.ok() && found != nullptr && wanted.filter &&
      !SameFilter(found->record().filter(), *wanted.filter)) {
    refusal = absl::FailedPreconditionError(
        absl::StrCat("the subscription \"", name, "\" has another filter"));
  }
  if (!refusal.ok()) {
    if (joining_.erase(number) > 0) receiver->End(std::move(refusal));
    ChangeDone(name);
    return;
  }
  if (found != nullptr) {
    JoinNow(*found, number, std::move(options), receiver);
    ChangeDone(name);
    return;
  }
  Make(std::move(wanted),
       [this, name, number, options = std::move(options), receiver = std::move(receiver)](
           const absl::StatusOr<NamedSubscription*>& made, storage::Sequence) mutable {
         if (made.ok()) {
           JoinNow(**made, number, std::move(options), receiver);
         } else if (joining_.erase(number) > 0) {
           receiver->End(made.status());
         }
         ChangeDone(name);
       });
}

void Subscriptions::JoinNow(NamedSubscription& subscription, ConsumerNumber number,
                            NamedSubscription::ConsumerOptions options,
                            const std::shared_ptr<EventReceiver>& receiver) {
  // It has left before it joined.
  if (joining_.erase(number) == 0) return;
  // Calls made before the service began to stop may come to this only now.
  absl::Status joined = Refusal();
  if (joined.ok()) {
    joined =
        subscription.Join(number, std::move(options), receiver, std::chrono::steady_clock::now());
  }
  if (!joined.ok()) {
    receiver->End(std::move(joined));
    return;
  }
  const Number kept = kept_.at(subscription.name()).number;
  consumers_[number] = kept;
  Touch(kept);
}

void Subscriptions::Ready(ConsumerNumber number) {
  thread_.Post([this, number] {
    const auto consumer = consumers_.find(number);
    if (consumer == consumers_.end()) return;
    if (NamedSubscription* subscription = Find(consumer->second)) {
      subscription->Ready(number);
      Touch(consumer->second);
    }
  });
}

void Subscriptions::Leave(ConsumerNumber number) {
  thread_.Post([this, number] {
    joining_.erase(number);
    const auto consumer = consumers_.find(number);
    if (consumer == consumers_.end()) return;
    if (NamedSubscription* subscription = Find(consumer->second)) {
      subscription->Leave(number);
      Touch(consumer->second);
    }
    consumers_.erase(consumer);
  });
}

void Subscriptions::Acknowledge(const v1::AcknowledgeRequest& request,
                                Answer<v1::AcknowledgeResponse> answer) {
  const std::optional<EventCursor> cursor = EventCursor::Parse(request.cursor());
  if (!cursor || cursor->partition != parts_.log->partition()) {
    answer(
        absl::InvalidArgumentError(absl::StrCat("cursor: \"", absl::CHexEscape(request.cursor()),
                                                "\" is not a cursor of this service's event log")));
    return;
  }
  thread_.Post([this, request, cursor = *cursor, answer = std::move(answer)]() mutable {
    // A consumer's own goes through at once; it ends with its consumer when there is a change.
    if (!request.consumer_id().empty() || !changes_.contains(request.subscription())) {
      AcknowledgeNow(request, cursor, std::move(answer));
      return;
    }
    Change(request.subscription(), [this, request, cursor, answer = std::move(answer)]() mutable {
      AcknowledgeNow(request, cursor, std::move(answer));
      ChangeDone(request.subscription());
    });
  });
}

void Subscriptions::AcknowledgeNow(const v1::AcknowledgeRequest& request, const EventCursor& cursor,
                                   Answer<v1::AcknowledgeResponse> answer) {
  NamedSubscription* found = Find(request.subscription());
  absl::Status refusal = Refusal();
  if (refusal.ok() && found == nullptr) refusal = NoSubscription(request.subscription());
  if (!refusal.ok()) {
    answer(std::move(refusal));
    return;
  }
  ConsumerNumber number = ConsumerNumber::kNone;
  if (!request.consumer_id().empty()) {
    std::string_view text = request.consumer_id();
    std::uint64_t parsed = 0;
    if (text.starts_with(consumer_prefix_ + "-")) {
      // What is no number stays 0.
      std::ignore =
          absl::SimpleAtoi(request.consumer_id().substr(consumer_prefix_.size() + 1), &parsed);
    }
    // One that never was is as good as gone.
    number = ConsumerNumber{parsed == 0 ? ~std::uint64_t{0} : parsed};
  }
  found->Acknowledge(number, cursor, std::chrono::steady_clock::now(), std::move(answer));
  Touch(kept_.at(request.subscription()).number);
}

}  // namespace tasker::service
