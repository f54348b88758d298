// Subscriptions: making, deleting and moving them.
#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "service/events/registry_events.h"
#include "service/events/subscriptions/subscription_record.h"
#include "service/events/subscriptions/subscriptions.h"
#include "service/pipeline/clock.h"
#include "service/pipeline/position.h"
#include "storage/keys.h"

namespace tasker::service {

using storage::Table;

Completion Subscriptions::OnThread(Completion stored) {
  return [this, stored = std::move(stored)](const absl::Status& answer,
                                            storage::Sequence sequence) mutable {
    thread_.Post(
        [stored = std::move(stored), answer, sequence]() mutable { stored(answer, sequence); });
  };
}

absl::StatusOr<EventCursor> Subscriptions::FindStart(const v1::EventStart& start,
                                                     const EventFilter& filter) const {
  absl::StatusOr<EventCursor> found = starts_.Find(start, filter);
  if (found.ok() && start.from_earliest()) {
    // The earliest that is kept: one that starts before that looks as if it had missed something.
    found = std::max(
        *found, {parts_.log->partition(), parts_.log->FloorFor(filter), EventCursor::kWholeCommit});
  }
  return found;
}

void Subscriptions::Make(Wanted wanted, Made made) {
  if (kept_.size() + being_made_ >= kSubscriptionsMax) {
    made(absl::ResourceExhaustedError(
             absl::StrCat("there are ", kSubscriptionsMax, " subscriptions already; delete some")),
         {});
    return;
  }
  const v1::EventFilter given = wanted.filter.value_or(v1::EventFilter());
  absl::StatusOr<EventFilter> filter = EventFilter::Make(given);
  const absl::StatusOr<EventCursor> mark =
      filter.ok() ? FindStart(wanted.start, *filter) : filter.status();
  if (!mark.ok()) {
    made(mark.status(), {});
    return;
  }
  const engine::Timestamp now = ReadClock();
  storage::v1::SubscriptionRecord record;
  *record.mutable_filter() = given;
  *record.mutable_acknowledged() = PlaceOf(*mark);
  record.set_created_at_us(now.time_since_epoch().count());
  record.set_ack_timeout_us(wanted.ack_timeout_us);
  storage::Batch batch;
  batch.Put(Table::kPartitions, storage::SubscriptionKey(parts_.log->partition(), wanted.name),
            record.SerializeAsString());
  ++being_made_;
  auto stored = [this, name = wanted.name, record, filter = *std::move(filter), mark = *mark,
                 made = std::move(made)](const absl::Status& answer,
                                         storage::Sequence sequence) mutable {
    --being_made_;
    if (!answer.ok()) {
      made(answer, {});
      return;
    }
    made(&Keep(name, std::move(record), std::move(filter), mark), sequence);
  };
  parts_.runner->Write(std::move(batch), {SubscriberRegistered(wanted.name, given, now)},
                       OnThread(std::move(stored)));
}

void Subscriptions::Create(Wanted wanted, Answer<v1::CreateSubscriptionResponse> answer) {
  thread_.Post([this, wanted = std::move(wanted), answer = std::move(answer)]() mutable {
    const std::string name = wanted.name;
    Change(name, [this, name, wanted = std::move(wanted), answer = std::move(answer)]() mutable {
      if (absl::Status refusal = Refusal(); !refusal.ok()) {
        answer(refusal);
        ChangeDone(name);
        return;
      }
      if (const NamedSubscription* found = Find(name)) {
        absl::StatusOr<v1::CreateSubscriptionResponse> existing{v1::CreateSubscriptionResponse()};
        if (SameFilter(found->record().filter(), wanted.filter.value_or(v1::EventFilter()))) {
          existing->set_existing(true);
          *existing->mutable_subscription() = found->Describe();
          AddLag(*existing->mutable_subscription());
        } else {
          existing = absl::AlreadyExistsError(
              absl::StrCat("there is a subscription \"", name, "\" with another filter"));
        }
        answer(std::move(existing));
        ChangeDone(name);
        return;
      }
      Make(std::move(wanted), [this, name, answer = std::move(answer)](
                                  const absl::StatusOr<NamedSubscription*>& made,
                                  storage::Sequence sequence) mutable {
        absl::StatusOr<v1::CreateSubscriptionResponse> response = v1::CreateSubscriptionResponse();
        if (!made.ok()) {
          response = made.status();
        } else {
          SetPosition(parts_.log->partition(), sequence, *response->mutable_position());
          *response->mutable_subscription() = (*made)->Describe();
          AddLag(*response->mutable_subscription());
        }
        answer(std::move(response));
        ChangeDone(name);
      });
    });
  });
}

void Subscriptions::Delete(std::string name, Answer<v1::DeleteSubscriptionResponse> answer) {
  thread_.Post([this, name = std::move(name), answer = std::move(answer)]() mutable {
    Change(name, [this, name, answer = std::move(answer)]() mutable {
      DeleteNow(name, std::move(answer));
    });
  });
}

void Subscriptions::DeleteNow(const std::string& name,
                              Answer<v1::DeleteSubscriptionResponse> answer) {
  NamedSubscription* found = Find(name);
  absl::Status refusal = Refusal();
  if (refusal.ok() && found == nullptr) refusal = NoSubscription(name);
  if (!refusal.ok()) {
    answer(std::move(refusal));
    ChangeDone(name);
    return;
  }
  const absl::Status why = absl::AbortedError("the subscription was deleted");
  // So that nothing more is stored of it behind what follows.
  found->Suspend(why);
  storage::Batch batch;
  batch.Delete(Table::kPartitions, storage::SubscriptionKey(parts_.log->partition(), name));
  auto stored = [this, name, why, answer = std::move(answer)](const absl::Status& done,
                                                              storage::Sequence sequence) mutable {
    if (done.ok()) {
      Drop(name, why);
      v1::DeleteSubscriptionResponse response;
      SetPosition(parts_.log->partition(), sequence, *response.mutable_position());
      answer(std::move(response));
    } else {
      if (NamedSubscription* left = Find(name)) left->Resume();
      answer(done);
    }
    ChangeDone(name);
  };
  parts_.runner->Write(std::move(batch), {SubscriberUnregistered(name, ReadClock())},
                       OnThread(std::move(stored)));
}

void Subscriptions::Reset(std::string name, v1::EventStart start,
                          Answer<v1::ResetSubscriptionResponse> answer) {
  thread_.Post([this, name = std::move(name), start = std::move(start),
                answer = std::move(answer)]() mutable {
    Change(name, [this, name, start = std::move(start), answer = std::move(answer)]() mutable {
      ResetNow(name, start, std::move(answer));
    });
  });
}

void Subscriptions::ResetNow(const std::string& name, const v1::EventStart& start,
                             Answer<v1::ResetSubscriptionResponse> answer) {
  NamedSubscription* found = Find(name);
  absl::StatusOr<EventCursor> mark = NoSubscription(name);
  if (found != nullptr) mark = FindStart(start, found->filter());
  if (const absl::Status refusal = Refusal(); !refusal.ok()) mark = refusal;
  if (!mark.ok()) {
    answer(mark.status());
    ChangeDone(name);
    return;
  }
  const absl::Status why = absl::AbortedError("the subscription was reset");
  found->Suspend(why);
  const storage::v1::SubscriptionRecord record = found->RecordAt(*mark);
  storage::Batch batch;
  batch.Put(Table::kPartitions, storage::SubscriptionKey(parts_.log->partition(), name),
            record.SerializeAsString());
  auto stored = [this, name, why, record, answer = std::move(answer)](
                    const absl::Status& done, storage::Sequence sequence) mutable {
    NamedSubscription* left = Find(name);
    if (!done.ok() || left == nullptr) {
      if (left != nullptr) left->Resume();
      answer(done.ok() ? why : done);
      ChangeDone(name);
      return;
    }
    // What lies before this may have been sent.
    const EventCursor doubted = left->sent_max();
    EventFilter filter = left->filter();
    Drop(name, why);
    NamedSubscription& moved = Keep(name, std::move(record), std::move(filter), doubted);
    v1::ResetSubscriptionResponse response;
    SetPosition(parts_.log->partition(), sequence, *response.mutable_position());
    *response.mutable_subscription() = moved.Describe();
    AddLag(*response.mutable_subscription());
    answer(std::move(response));
    ChangeDone(name);
  };
  parts_.runner->Write(std::move(batch), {}, OnThread(std::move(stored)));
}

}  // namespace tasker::service
