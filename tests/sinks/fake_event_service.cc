#include "tests/sinks/fake_event_service.h"

#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace tasker::sinks {
namespace {

// Only a broken program meets it.
constexpr absl::Duration kPatience = absl::Seconds(60);

template <typename Holds>
void AwaitOrThrow(absl::Mutex& mutex, Holds holds, const char* what)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
  if (!mutex.AwaitWithTimeout(absl::Condition(&holds), kPatience)) {
    throw std::runtime_error(absl::StrCat("waited in vain for ", what));
  }
}

}  // namespace

v1::Event MakeEvent(std::uint64_t number, const std::string& task_id, const std::string& name,
                    const std::string& payload) {
  v1::Event event;
  event.set_event_id(absl::StrCat("event-", number));
  event.set_name(name);
  event.set_category("step");
  event.mutable_timestamp()->set_seconds(1'700'000'000 + static_cast<std::int64_t>(number));
  event.mutable_timestamp()->set_nanos(123'456'000);
  event.set_cursor(absl::StrCat("0-", number, "-0"));
  event.set_task_id(task_id);
  event.set_task_name("order_process");
  event.set_namespace_("payments");
  event.set_version("1.2.0");
  event.set_step_id(absl::StrCat("step-of-", task_id));
  event.set_step_name("charge");
  event.set_attempt_number(2);
  event.set_payload(payload);
  event.mutable_position()->set_sequence(number);
  return event;
}

FakeEventService::FakeEventService() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) throw std::runtime_error("the fake service cannot be started");
  address_ = absl::StrCat("127.0.0.1:", port);
}

FakeEventService::~FakeEventService() {
  EndStreams(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the test ends"));
  server_->Shutdown();
}

void FakeEventService::Publish(v1::Event event) {
  absl::MutexLock lock(&mutex_);
  Entry entry;
  entry.cursor = event.cursor();
  entry.response.set_cursor(event.cursor());
  *entry.response.add_events() = std::move(event);
  log_.push_back(std::move(entry));
}

void FakeEventService::PublishCursor(const std::string& cursor) {
  absl::MutexLock lock(&mutex_);
  Entry entry;
  entry.cursor = cursor;
  entry.response.set_cursor(cursor);
  log_.push_back(std::move(entry));
}

void FakeEventService::EndStreams(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  closed_with_ = status;
}

void FakeEventService::Reopen() {
  absl::MutexLock lock(&mutex_);
  AwaitOrThrow(
      mutex_, [this] { return consumer_ == 0; }, "the stream's end");
  closed_ = false;
}

void FakeEventService::AnswerAcknowledge(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  acknowledge_with_ = status;
}

void FakeEventService::AwaitAcknowledged(const std::string& cursor) {
  absl::MutexLock lock(&mutex_);
  AwaitOrThrow(
      mutex_,
      [&] {
        for (std::size_t i = 0; i < acknowledged_; ++i) {
          if (log_[i].cursor == cursor) return true;
        }
        return false;
      },
      "an acknowledgement");
}

void FakeEventService::AwaitStreams(std::size_t count) {
  absl::MutexLock lock(&mutex_);
  AwaitOrThrow(
      mutex_, [&] { return requests_.size() >= count; }, "a stream");
}

void FakeEventService::AwaitNoStream() {
  absl::MutexLock lock(&mutex_);
  AwaitOrThrow(
      mutex_, [this] { return consumer_ == 0; }, "the stream's end");
}

std::string FakeEventService::acknowledged() const {
  absl::MutexLock lock(&mutex_);
  return acknowledged_ == 0 ? "" : log_[acknowledged_ - 1].cursor;
}

std::vector<v1::SubscribeRequest> FakeEventService::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

std::size_t FakeEventService::sent() const {
  absl::MutexLock lock(&mutex_);
  return sent_;
}

grpc::Status FakeEventService::Subscribe(grpc::ServerContext* context,
                                         const v1::SubscribeRequest* request,
                                         grpc::ServerWriter<v1::SubscribeResponse>* writer) {
  v1::SubscribeResponse first;
  std::size_t next = 0;
  std::uint64_t own = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (closed_) return closed_with_;
    own = consumer_ = ++last_consumer_;
    next = acknowledged_;
    first.set_consumer_id(std::to_string(own));
    first.set_cursor(next == 0 ? "0-0" : log_[next - 1].cursor);
    requests_.push_back(*request);
  }
  bool alive = writer->Write(first);
  grpc::Status end;
  while (alive) {
    v1::SubscribeResponse response;
    {
      absl::MutexLock lock(&mutex_);
      const auto has_work = [&] {
        return closed_ ||
               (next < log_.size() && next - acknowledged_ < request->unacknowledged_max());
      };
      // In turns, as nothing tells of a call that was cancelled.
      if (!mutex_.AwaitWithTimeout(absl::Condition(&has_work), absl::Milliseconds(20))) {
        if (context->IsCancelled()) break;
        continue;
      }
      if (closed_) {
        end = closed_with_;
        break;
      }
      response = log_[next++].response;
      ++sent_;
    }
    alive = writer->Write(response);
  }
  absl::MutexLock lock(&mutex_);
  if (consumer_ == own) consumer_ = 0;
  return end;
}

grpc::Status FakeEventService::Acknowledge(grpc::ServerContext*,
                                           const v1::AcknowledgeRequest* request,
                                           v1::AcknowledgeResponse* response) {
  absl::MutexLock lock(&mutex_);
  if (!acknowledge_with_.ok()) return acknowledge_with_;
  if (request->consumer_id() != std::to_string(consumer_)) {
    return {grpc::StatusCode::ABORTED, "the consumer is gone"};
  }
  for (std::size_t i = acknowledged_; i < log_.size(); ++i) {
    if (log_[i].cursor != request->cursor()) continue;
    acknowledged_ = i + 1;
    response->set_cursor(request->cursor());
    return grpc::Status::OK;
  }
  for (std::size_t i = 0; i < acknowledged_; ++i) {
    if (log_[i].cursor == request->cursor()) return grpc::Status::OK;
  }
  return {grpc::StatusCode::INVALID_ARGUMENT, "no such cursor"};
}

grpc::Status FakeEventService::GetSubscription(grpc::ServerContext*,
                                               const v1::GetSubscriptionRequest* request,
                                               v1::GetSubscriptionResponse* response) {
  absl::MutexLock lock(&mutex_);
  response->mutable_subscription()->set_name(request->name());
  response->mutable_subscription()->set_lag_events(7);
  response->mutable_subscription()->mutable_lag_time()->set_seconds(3);
  return grpc::Status::OK;
}

}  // namespace tasker::sinks
