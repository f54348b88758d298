#include "tasker/client/subscription.h"

#include <pthread.h>
#include <utility>

#include "absl/time/clock.h"

#include "clients/cpp/src/channel.h"
#include "clients/cpp/src/subscription_state.h"

namespace tasker::client {
namespace {

// How long one try to reach any of the addresses may take.
constexpr absl::Duration kPickMax = absl::Seconds(5);
constexpr absl::Duration kAcknowledgeWithin = absl::Seconds(30);

}  // namespace

Subscription::State::State(std::shared_ptr<ServiceChannel> channel, SubscriptionOptions options,
                           EventCallback on_event, CursorCallback on_cursor)
    : channel_(std::move(channel)),
      options_(std::move(options)),
      on_event_(std::move(on_event)),
      on_cursor_(std::move(on_cursor)),
      cursor_(options_.after_cursor),
      last_error_(absl::DeadlineExceededError("the service has not answered")),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "tskr-events");
}

// Whether asking again could not be answered otherwise.
bool Subscription::State::IsFinal(grpc::StatusCode code) const {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNIMPLEMENTED:
      return true;
    case grpc::StatusCode::UNAUTHENTICATED:
      return !channel_->token_can_change();
    default:
      return false;
  }
}

Subscription::State::~State() {
  Cancel();
  thread_.join();
}

absl::Status Subscription::State::AwaitStanding(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  if (!mutex_.AwaitWithDeadline(absl::Condition(this, &State::Stands), deadline)) {
    return last_error_;
  }
  return stands_ ? absl::OkStatus() : *ended_;
}

std::string Subscription::State::cursor() const {
  absl::MutexLock lock(&mutex_);
  return cursor_;
}

absl::Status Subscription::State::Wait() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &State::HasEnded));
  return *ended_;
}

void Subscription::State::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  if (call_ != nullptr && !holds_call_) call_->TryCancel();
}

void Subscription::State::Run() {
  absl::Status end;
  while (!cancelled()) {
    grpc::ClientContext context;
    const grpc::Status status = ReadStream(context);
    if (cancelled()) break;
    end = ToAbslStatus(status);
    if (IsFinal(status.error_code())) break;
    {
      absl::MutexLock lock(&mutex_);
      if (!status.ok()) last_error_ = end;
    }
    end = absl::OkStatus();
    if (!Pause(absl::FromChrono(backoff_.Next(absl::Uniform(random_, 0.0, 1.0))))) break;
  }
  absl::MutexLock lock(&mutex_);
  ended_ = end;
}

grpc::Status Subscription::State::ReadStream(grpc::ClientContext& context) {
  const auto channel = channel_->Pick(absl::Now() + kPickMax);
  if (!channel.ok()) return ToGrpcStatus(channel.status());
  const absl::Status authorized = channel_->Authorize(context);
  if (!authorized.ok()) return ToGrpcStatus(authorized);
  const auto stub = v1::EventService::NewStub(*channel);
  {
    absl::MutexLock lock(&mutex_);
    if (cancelled_) return grpc::Status::CANCELLED;
    call_ = &context;
  }
  const auto reader = stub->Subscribe(&context, Request());
  v1::SubscribeResponse response;
  grpc::Status acknowledged;
  while (acknowledged.ok() && reader->Read(&response)) {
    backoff_.Reset();
    if (options_.subscription.empty()) {
      Deliver(response);
    } else {
      acknowledged = DeliverAndAcknowledge(*stub, response);
    }
  }
  if (!acknowledged.ok()) context.TryCancel();
  const grpc::Status status = reader->Finish();
  absl::MutexLock lock(&mutex_);
  call_ = nullptr;
  return acknowledged.ok() ? status : acknowledged;
}

grpc::Status Subscription::State::DeliverAndAcknowledge(v1::EventService::Stub& stub,
                                                        const v1::SubscribeResponse& response) {
  if (!response.consumer_id().empty()) consumer_id_ = response.consumer_id();
  {
    absl::MutexLock lock(&mutex_);
    stands_ = true;
    if (cancelled_) return grpc::Status::OK;
    holds_call_ = true;
  }
  std::string handled;
  for (const v1::Event& event : response.events()) {
    if (cancelled()) break;
    on_event_(event);
    handled = event.cursor();
  }
  grpc::Status acknowledged;
  if (!handled.empty()) acknowledged = Acknowledge(stub, handled);
  absl::MutexLock lock(&mutex_);
  if (!handled.empty()) cursor_ = handled;
  holds_call_ = false;
  if (cancelled_) call_->TryCancel();
  return acknowledged;
}

grpc::Status Subscription::State::Acknowledge(v1::EventService::Stub& stub,
                                              const std::string& cursor) {
  v1::AcknowledgeRequest request;
  request.set_subscription(options_.subscription);
  request.set_cursor(cursor);
  request.set_consumer_id(consumer_id_);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kAcknowledgeWithin));
  if (const absl::Status authorized = channel_->Authorize(context); !authorized.ok()) {
    return ToGrpcStatus(authorized);
  }
  v1::AcknowledgeResponse response;
  const grpc::Status status = stub.Acknowledge(&context, request, &response);
  if (status.ok()) return status;
  // Whatever it is, consuming anew mends it, or says why it cannot be mended.
  return {grpc::StatusCode::ABORTED, "events could not be acknowledged: " + status.error_message()};
}

void Subscription::State::Deliver(const v1::SubscribeResponse& response) {
  for (const v1::Event& event : response.events()) {
    if (cancelled()) return;
    on_event_(event);
    absl::MutexLock lock(&mutex_);
    cursor_ = event.cursor();
  }
  if (on_cursor_) on_cursor_(response.cursor());
  absl::MutexLock lock(&mutex_);
  cursor_ = response.cursor();
  stands_ = true;
}

v1::SubscribeRequest Subscription::State::Request() const {
  v1::SubscribeRequest request;
  request.set_subscription(options_.subscription);
  request.set_consumer_name(options_.consumer_name);
  request.set_unacknowledged_max(options_.unacknowledged_max);
  if (options_.subscription.empty() || options_.filter.ByteSizeLong() > 0) {
    *request.mutable_filter() = options_.filter;
  }
  absl::MutexLock lock(&mutex_);
  if (!cursor_.empty()) {
    request.set_after_cursor(cursor_);
  } else if (options_.from_earliest) {
    request.set_from_earliest(true);
  }
  return request;
}

bool Subscription::State::cancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

bool Subscription::State::Pause(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&cancelled_), duration);
}

Subscription::Subscription(std::unique_ptr<State> state) : state_(std::move(state)) {}

Subscription::~Subscription() = default;

std::string Subscription::cursor() const { return state_->cursor(); }

absl::Status Subscription::Wait() { return state_->Wait(); }

void Subscription::Cancel() { state_->Cancel(); }

}  // namespace tasker::client
