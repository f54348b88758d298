// The thread behind a Subscription.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"

#include "clients/cpp/src/backoff.h"
#include "clients/cpp/src/service_channel.h"
#include "tasker/client/subscription.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::client {

// Thread-safe, but for the destructor.
class Subscription::State {
 public:
  // Told how far it has come: behind each response, once all its events are handled. On the thread.
  using CursorCallback = std::function<void(const std::string& cursor)>;

  // Starts the thread.
  State(std::shared_ptr<ServiceChannel> channel, SubscriptionOptions options,
        EventCallback on_event, CursorCallback on_cursor = {});
  // Cancels and waits for the thread.
  ~State();

  // Waits until the service has answered for the first time. An error: what ended the subscription
  // before that, or, after `deadline`, why it does not stand yet.
  absl::Status AwaitStanding(absl::Time deadline);

  std::string cursor() const;
  absl::Status Wait();
  void Cancel();

 private:
  void Run();
  // Reads one stream to its end.
  grpc::Status ReadStream(grpc::ClientContext& context);
  void Deliver(const v1::SubscribeResponse& response);
  // The same of a named subscription: with an acknowledgement of what was handled.
  grpc::Status DeliverAndAcknowledge(v1::EventService::Stub& stub,
                                     const v1::SubscribeResponse& response);
  grpc::Status Acknowledge(v1::EventService::Stub& stub, const std::string& cursor);
  v1::SubscribeRequest Request() const;
  bool cancelled() const;
  // False if the subscription was cancelled in the meantime.
  bool Pause(absl::Duration duration);

  bool Stands() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stands_ || ended_.has_value(); }
  bool HasEnded() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return ended_.has_value(); }

  bool IsFinal(grpc::StatusCode code) const;

  const std::shared_ptr<ServiceChannel> channel_;
  const SubscriptionOptions options_;
  const EventCallback on_event_;
  const CursorCallback on_cursor_;
  absl::BitGen random_;  // The thread's own.
  Backoff backoff_;      // The thread's own.

  mutable absl::Mutex mutex_;
  std::string cursor_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool stands_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> ended_ ABSL_GUARDED_BY(mutex_);
  // The call that runs, to be cancelled by another thread.
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;
  // Something is to be acknowledged first: the call is cancelled behind that.
  bool holds_call_ ABSL_GUARDED_BY(mutex_) = false;
  std::string consumer_id_;  // The thread's own.

  // `tskr-events`, owned by this object: reads the stream and runs the callback.
  std::thread thread_;
};

}  // namespace tasker::client
