#include "tests/cpp_client/fake_event_stream.h"

#include <utility>

#include "tests/cpp_client/fake_stream.h"

namespace tasker::client {

void FakeEventStream::SendCursor(const std::string& cursor) {
  v1::SubscribeResponse response;
  response.set_cursor(cursor);
  Send(std::move(response));
}

void FakeEventStream::SendConsumer(const std::string& consumer_id) {
  v1::SubscribeResponse response;
  response.set_cursor("start");
  response.set_consumer_id(consumer_id);
  Send(std::move(response));
}

void FakeEventStream::SendEvent(const std::string& name, const std::string& task_id,
                                const std::string& cursor) {
  v1::SubscribeResponse response;
  v1::Event& event = *response.add_events();
  event.set_event_id("event-" + cursor);
  event.set_name(name);
  event.set_task_id(task_id);
  event.set_cursor(cursor);
  response.set_cursor(cursor);
  Send(std::move(response));
}

void FakeEventStream::Send(v1::SubscribeResponse response) {
  absl::MutexLock lock(&mutex_);
  outgoing_.push_back(std::move(response));
  WriteOrFinish();
}

void FakeEventStream::End(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (!end_) end_ = status;
  WriteOrFinish();
}

void FakeEventStream::AwaitDone() {
  absl::MutexLock lock(&mutex_);
  AwaitOrThrow(
      mutex_, [this] { return done_; }, "the call to end");
}

void FakeEventStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  outgoing_.pop_front();
  if (!ok) outgoing_.clear();
  WriteOrFinish();
}

void FakeEventStream::OnDone() {
  absl::MutexLock lock(&mutex_);
  done_ = true;
}

void FakeEventStream::WriteOrFinish() {
  if (writing_ || finished_) return;
  if (!outgoing_.empty()) {
    writing_ = true;
    StartWrite(&outgoing_.front());
  } else if (end_) {
    finished_ = true;
    Finish(*end_);
  }
}

}  // namespace tasker::client
