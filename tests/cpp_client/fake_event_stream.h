// The engine's end of one EventService.Subscribe call, worked by a test.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"

#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::client {

// Thread-safe.
class FakeEventStream : public grpc::ServerWriteReactor<v1::SubscribeResponse> {
 public:
  explicit FakeEventStream(v1::SubscribeRequest request) : request_(std::move(request)) {}

  const v1::SubscribeRequest& request() const { return request_; }

  // A response without events.
  void SendCursor(const std::string& cursor);
  // The first response to a consumer of a named subscription.
  void SendConsumer(const std::string& consumer_id);
  // A response of one event, whose cursor is the response's.
  void SendEvent(const std::string& name, const std::string& task_id, const std::string& cursor);
  // Ends the call after what was sent.
  void End(const grpc::Status& status);
  // Waits until gRPC has no more use for this object.
  void AwaitDone();

  void OnWriteDone(bool ok) override;
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override;

 private:
  void Send(v1::SubscribeResponse response);
  // Writes the next response; when there is none, ends the call if it is to end.
  void WriteOrFinish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const v1::SubscribeRequest request_;
  absl::Mutex mutex_;
  std::deque<v1::SubscribeResponse> outgoing_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tasker::client
