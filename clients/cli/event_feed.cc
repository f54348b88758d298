#include "clients/cli/event_feed.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// Between two subscriptions, so that a service that takes and drops them is not hammered.
constexpr absl::Duration kRetryDelayMin = absl::Milliseconds(100);
constexpr absl::Duration kRetryDelayMax = absl::Seconds(2);

}  // namespace

EventFeed::EventFeed(Connection& connection, const v1::SubscribeRequest& request, Expiry expiry)
    : connection_(connection),
      request_(request),
      expiry_(expiry),
      give_up_at_(absl::Now() + connection.timeout()),
      retry_delay_(kRetryDelayMin) {}

EventFeed::Signal EventFeed::Next(absl::Time deadline) {
  while (!failed_) {
    const absl::Time now = absl::Now();
    if (!live_ && now >= give_up_at_) return Fail(Unreachable());
    if (!stream_ && now < retry_at_) {
      absl::SleepFor(std::min({deadline, retry_at_, give_up_at_}) - now);
      if (absl::Now() >= deadline) return Signal::kIdle;
      continue;
    }
    if (!stream_) Subscribe();
    switch (stream_->Next(live_ ? deadline : std::min(deadline, give_up_at_))) {
      case EventStream::Outcome::kResponse:
        if (const Signal signal = Received(); signal != Signal::kIdle) return signal;
        break;
      case EventStream::Outcome::kTimedOut:
        if (absl::Now() >= deadline) return Signal::kIdle;
        break;
      case EventStream::Outcome::kEnded:
        return Ended(grpc::Status(stream_->status()));
    }
  }
  return Signal::kFailed;
}

void EventFeed::Subscribe() {
  // A snapshot that was broken off begins anew: the cursor tells only where events go on.
  const bool begins_anew = request_.has_snapshot() && !snapshot_complete_;
  if (!cursor_.empty() && !begins_anew) request_.set_after_cursor(cursor_);
  stream_.emplace(connection_.events(), request_, /*wait_for_ready=*/was_live_);
}

// kIdle if there is nothing to tell: only the cursor moved.
EventFeed::Signal EventFeed::Received() {
  const auto& response = stream_->response();
  if (!response.cursor().empty()) cursor_ = response.cursor();
  if (!response.consumer_id().empty()) consumer_id_ = response.consumer_id();
  if (!live_) {
    live_ = true;
    was_live_ = true;
    return Signal::kLive;
  }
  if (response.has_snapshot_position()) {
    snapshot_complete_ = snapshot_complete_ || response.snapshot_complete();
    retry_delay_ = kRetryDelayMin;
    return Signal::kTasks;
  }
  if (response.events().empty()) return Signal::kIdle;
  retry_delay_ = kRetryDelayMin;
  return Signal::kEvents;
}

EventFeed::Signal EventFeed::Ended(const grpc::Status& status) {
  const bool expired = status.error_code() == grpc::StatusCode::OUT_OF_RANGE && was_live_ &&
                       expiry_ == Expiry::kSkip;
  // The service ends no subscription by itself and we cancel none, so these are stops as well.
  const bool stopped = status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                       status.error_code() == grpc::StatusCode::CANCELLED;
  if (!was_live_ || !(stopped || expired)) {
    return Fail(status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream was closed")
                            : status);
  }
  if (expired) {
    cursor_.clear();
    request_.clear_start();
  }
  const absl::Time now = absl::Now();
  if (live_) give_up_at_ = now + connection_.timeout();
  live_ = false;
  stream_.reset();
  retry_at_ = now + retry_delay_;
  retry_delay_ = std::min(retry_delay_ * 2, kRetryDelayMax);
  status_ = status;
  return Signal::kInterrupted;
}

EventFeed::Signal EventFeed::Fail(const grpc::Status& status) {
  failed_ = true;
  stream_.reset();
  status_ = status;
  return Signal::kFailed;
}

grpc::Status EventFeed::Unreachable() const {
  std::string message = absl::StrCat("no answer for ", DurationText(connection_.timeout()));
  if (!status_.error_message().empty()) absl::StrAppend(&message, ": ", status_.error_message());
  return {grpc::StatusCode::UNAVAILABLE, message};
}

}  // namespace tasker::cli
