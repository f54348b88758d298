#include "tasker/client/subscription.h"

#include <pthread.h>
#include <utility>

#include "clients/cpp/src/channel.h"
#include "clients/cpp/src/subscription_state.h"

namespace tasker::client {
namespace {

// Whether asking again could be answered otherwise.
bool IsFinal(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::UNIMPLEMENTED:
      return true;
    default:
      return false;
  }
}

}  // namespace

Subscription::State::State(const std::shared_ptr<grpc::Channel>& channel,
                           SubscriptionOptions options, EventCallback on_event)
    : stub_(v1::EventService::NewStub(channel)),
      options_(std::move(options)),
      on_event_(std::move(on_event)),
      cursor_(options_.after_cursor),
      last_error_(absl::DeadlineExceededError("the service has not answered")),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "tskr-events");
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
  if (call_ != nullptr) call_->TryCancel();
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
  {
    absl::MutexLock lock(&mutex_);
    if (cancelled_) return grpc::Status::CANCELLED;
    call_ = &context;
  }
  const auto reader = stub_->Subscribe(&context, Request());
  v1::SubscribeResponse response;
  while (reader->Read(&response)) {
    backoff_.Reset();
    Deliver(response);
  }
  const grpc::Status status = reader->Finish();
  absl::MutexLock lock(&mutex_);
  call_ = nullptr;
  return status;
}

void Subscription::State::Deliver(const v1::SubscribeResponse& response) {
  for (const v1::Event& event : response.events()) {
    if (cancelled()) return;
    on_event_(event);
    absl::MutexLock lock(&mutex_);
    cursor_ = event.cursor();
  }
  absl::MutexLock lock(&mutex_);
  cursor_ = response.cursor();
  stands_ = true;
}

v1::SubscribeRequest Subscription::State::Request() const {
  v1::SubscribeRequest request;
  *request.mutable_filter() = options_.filter;
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
