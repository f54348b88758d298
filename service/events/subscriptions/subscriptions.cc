#include "service/events/subscriptions/subscriptions.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include <google/protobuf/util/time_util.h>

#include "service/events/registry_events.h"
#include "service/events/subscriptions/subscription_record.h"
#include "service/pipeline/clock.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using storage::Table;

EventSharing::Time Now() { return std::chrono::steady_clock::now(); }

absl::Status Stopping() {
  return absl::UnavailableError("the service stops; go on after the last cursor seen");
}

std::string FreshPrefix() {
  return absl::StrFormat("%012x", absl::Uniform<std::uint64_t>(absl::BitGen(), 0, 1ull << 48));
}

}  // namespace

absl::Status Subscriptions::NoSubscription(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no subscription \"", name, "\""));
}

Subscriptions::Subscriptions(const Parts& parts)
    : parts_(parts),
      starts_(parts.store, parts.log),
      consumer_prefix_(FreshPrefix()),
      thread_([this] { return Settle(); }) {}

absl::StatusOr<std::unique_ptr<Subscriptions>> Subscriptions::Open(const Parts& parts) {
  std::unique_ptr<Subscriptions> opened(new Subscriptions(parts));
  absl::Status read;
  absl::Notification done;
  opened->thread_.Post([&, self = opened.get()] {
    const EventCursor end = parts.log->End();
    const auto rows = self->ReadRows();
    read = rows.status();
    for (std::size_t i = 0; read.ok() && i < rows->size(); ++i) {
      read = self->KeepStored((*rows)[i].first, (*rows)[i].second, end);
    }
    done.Notify();
  });
  done.WaitForNotification();
  if (!read.ok()) return read;
  return opened;
}

Subscriptions::~Subscriptions() { Stop(); }

void Subscriptions::Drain() {
  thread_.Post([this] {
    draining_ = true;
    for (auto& [name, kept] : kept_) {
      kept.subscription->EndConsumers(Stopping());
      Touch(kept.number);
    }
  });
}

void Subscriptions::Stop() { thread_.Stop(); }

absl::Status Subscriptions::Refusal() const { return draining_ ? Stopping() : absl::OkStatus(); }

NamedSubscription* Subscriptions::Find(const std::string& name) {
  const auto found = kept_.find(name);
  return found == kept_.end() ? nullptr : found->second.subscription.get();
}

NamedSubscription* Subscriptions::Find(Number number) {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

NamedSubscription& Subscriptions::Keep(const std::string& name,
                                       storage::v1::SubscriptionRecord record, EventFilter filter,
                                       const EventCursor& doubted) {
  const Number number = ++last_number_;
  const NamedSubscription::Post post = [this,
                                        number](absl::AnyInvocable<void(NamedSubscription&)> work) {
    thread_.Post([this, number, work = std::move(work)]() mutable {
      NamedSubscription* subscription = Find(number);
      if (subscription == nullptr) return;
      work(*subscription);
      Touch(number);
    });
  };
  const NamedSubscription::World world{parts_.log->partition(), parts_.log, parts_.hub,
                                       parts_.runner};
  auto subscription = std::make_unique<NamedSubscription>(world, post, name, std::move(record),
                                                          std::move(filter), doubted);
  by_number_[number] = subscription.get();
  NamedSubscription& kept = *subscription;
  kept_[name] = {number, std::move(subscription)};
  return kept;
}

void Subscriptions::Drop(const std::string& name, const absl::Status& why) {
  const auto found = kept_.find(name);
  if (found == kept_.end()) return;
  found->second.subscription->EndAll(why);
  by_number_.erase(found->second.number);
  kept_.erase(found);
}

std::optional<Subscriptions::Time> Subscriptions::Settle() {
  const Time now = Now();
  while (!due_.empty() && due_.begin()->first <= now) {
    touched_.insert(due_.begin()->second);
    due_at_.erase(due_.begin()->second);
    due_.erase(due_.begin());
  }
  for (const Number number : std::exchange(touched_, {})) {
    if (const auto due = due_at_.find(number); due != due_at_.end()) {
      due_.erase({due->second, number});
      due_at_.erase(due);
    }
    NamedSubscription* subscription = Find(number);
    if (subscription == nullptr) continue;
    if (const std::optional<Time> again = subscription->Settle(now)) {
      due_.emplace(*again, number);
      due_at_[number] = *again;
    }
  }
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void Subscriptions::Change(const std::string& name, SubscriptionThread::Work change) {
  const auto [waiting, first] = changes_.try_emplace(name);
  if (first) {
    change();
  } else {
    waiting->second.push_back(std::move(change));
  }
}

void Subscriptions::ChangeDone(const std::string& name) {
  const auto waiting = changes_.find(name);
  if (waiting->second.empty()) {
    changes_.erase(waiting);
    return;
  }
  SubscriptionThread::Work next = std::move(waiting->second.front());
  waiting->second.pop_front();
  thread_.Post(std::move(next));
}

void Subscriptions::Refused(std::string name, absl::Status why) {
  thread_.Post([this, name = std::move(name), why = std::move(why)] {
    const Time now = Now();
    if (refusal_told_at_ && now - *refusal_told_at_ < std::chrono::seconds(1)) return;
    refusal_told_at_ = now;
    parts_.runner->Publish({SubscriberRefused(name, why, ReadClock())}, nullptr);
  });
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Subscriptions::ReadRows() const {
  std::vector<std::pair<std::string, std::string>> found;
  const std::string first = storage::SubscriptionKey(parts_.log->partition(), "");
  const auto snapshot = parts_.store->TakeSnapshot();
  const auto rows = snapshot->Scan(Table::kPartitions, first, storage::KeyAfter(first));
  for (; rows->Valid(); rows->Next()) {
    if (const auto name = storage::SubscriptionIn(rows->key())) {
      found.emplace_back(*name, rows->value());
    }
  }
  if (absl::Status read = rows->status(); !read.ok()) return read;
  return found;
}

absl::Status Subscriptions::KeepStored(const std::string& name, std::string_view row,
                                       const EventCursor& doubted) {
  storage::v1::SubscriptionRecord record;
  absl::StatusOr<EventFilter> filter = absl::DataLossError("");
  if (record.ParseFromArray(row.data(), static_cast<int>(row.size()))) {
    filter = EventFilter::Make(record.filter());
  }
  if (!filter.ok()) {
    return absl::DataLossError(absl::StrCat("the stored subscription \"", name,
                                            "\" cannot be read: ", filter.status().message()));
  }
  Keep(name, std::move(record), *std::move(filter), doubted);
  return absl::OkStatus();
}

void Subscriptions::StartAnew() {
  thread_.Post([this] {
    absl::flat_hash_set<std::string> names;
    for (const auto& [name, kept] : kept_) names.insert(name);
    if (const auto rows = ReadRows(); rows.ok()) {
      for (const auto& [name, row] : *rows) names.insert(name);
    }
    for (const std::string& name : names) {
      Change(name, [this, name] {
        TakeUp(name);
        ChangeDone(name);
      });
    }
  });
}

void Subscriptions::TakeUp(const std::string& name) {
  const auto row = parts_.store->Get(Table::kPartitions,
                                     storage::SubscriptionKey(parts_.log->partition(), name));
  // A store that cannot be read now is not known to have it otherwise.
  if (!row.ok()) return;
  const absl::Status changed = absl::AbortedError(
      "the subscription was deleted or reset while the store could not be written");
  if (!row->has_value()) {
    Drop(name, changed);
    return;
  }
  if (const NamedSubscription* kept = Find(name)) {
    storage::v1::SubscriptionRecord record;
    if (!record.ParseFromString(**row)) return;
    const EventCursor mark = CursorOf(record.acknowledged(), parts_.log->partition());
    const bool same = kept->record().created_at_us() == record.created_at_us() &&
                      SameFilter(kept->record().filter(), record.filter());
    // Of an acknowledgement in doubt.
    if (same && kept->stored_mark() <= mark && mark <= kept->mark()) return;
    Drop(name, changed);
  }
  // What cannot be read is told at the next start.
  KeepStored(name, **row, parts_.log->End()).IgnoreError();
}

void Subscriptions::AddLag(v1::Subscription& subscription) {
  const auto cursor = EventCursor::Parse(subscription.cursor());
  if (!cursor) return;
  const absl::StatusOr<EventCounts::Behind> behind = parts_.counts->CountBehind(*cursor);
  if (!behind.ok()) return;
  subscription.set_lag_events(behind->events);
  if (!behind->first_at_us) return;
  const std::int64_t age = ReadClock().time_since_epoch().count() - *behind->first_at_us;
  *subscription.mutable_lag_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToDuration(std::max<std::int64_t>(age, 0));
}

std::vector<Subscriptions::Figures> Subscriptions::List() {
  std::vector<Figures> all;
  absl::Notification done;
  thread_.Post([&] {
    for (auto& [name, kept] : kept_) {
      kept.subscription->LookForRetention();
      all.push_back({kept.subscription->Describe(), kept.subscription->overtaken()});
    }
    done.Notify();
  });
  done.WaitForNotification();
  std::optional<EventCursor> lowest;
  for (Figures& each : all) {
    AddLag(each.subscription);
    const auto cursor = EventCursor::Parse(each.subscription.cursor());
    if (cursor) lowest = std::min(lowest.value_or(*cursor), *cursor);
  }
  parts_.counts->Forget(lowest);
  return all;
}

absl::StatusOr<v1::Subscription> Subscriptions::Get(const std::string& name) {
  absl::StatusOr<v1::Subscription> found = NoSubscription(name);
  absl::Notification done;
  thread_.Post([&] {
    if (const NamedSubscription* subscription = Find(name)) found = subscription->Describe();
    done.Notify();
  });
  done.WaitForNotification();
  if (found.ok()) AddLag(*found);
  return found;
}

}  // namespace tasker::service
