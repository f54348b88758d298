// One call of EventService.Subscribe that can be waited on for a while.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/support/async_stream.h"

#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::cli {

// The synchronous API cannot wait with a limit, which a view that redraws its clock needs; this
// drives the asynchronous one from the caller's thread. For one thread only.
class EventStream {
 public:
  // Starts the call. With `wait_for_ready` it is not given up while the service cannot be reached.
  EventStream(v1::EventService::Stub& stub, const v1::SubscribeRequest& request,
              bool wait_for_ready);
  // Cancels the call.
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  enum class Outcome {
    // A response came: `response()`.
    kResponse,
    // The deadline came first.
    kTimedOut,
    // The call ended: `status()`. So does every further call of Next.
    kEnded,
  };

  // Waits for the next response until `deadline` at the latest.
  Outcome Next(absl::Time deadline);

  const v1::SubscribeResponse& response() const { return response_; }
  const grpc::Status& status() const { return status_; }

 private:
  // What gRPC works on. At most one thing at a time: nothing once a response was handed out, until
  // the next is asked for.
  enum class Operation { kStart, kRead, kNothing, kFinish, kEnded };

  void Read();
  void Finish();
  // Goes on after the operation under way ended with `ok`; true if it brought a response.
  bool Advance(bool ok);

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::SubscribeResponse>> reader_;
  Operation operation_ = Operation::kStart;
  v1::SubscribeResponse response_;
  grpc::Status status_;
};

}  // namespace tasker::cli
