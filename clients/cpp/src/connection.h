// One call of HandlerService.Connect, from start to end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"

#include "tasker/v1/handler_service.grpc.pb.h"

namespace tasker::client {

// What a completion queue reports. One connection exists at a time, so its operations need no
// further name; `kWake` is the inbox's.
enum class Operation : std::intptr_t { kStart = 1, kRead, kWrite, kFinish, kWake };

inline void* TagOf(Operation operation) {
  return reinterpret_cast<void*>(operation);  // NOLINT(performance-no-int-to-ptr): gRPC's tags
}
inline Operation OperationOf(void* tag) {
  return static_cast<Operation>(reinterpret_cast<std::intptr_t>(tag));
}

// Keeps the rules of gRPC's asynchronous calls: one read and one write at a time, nothing after the
// end, and the status last. Reads begin on their own.
//
// Not thread-safe: belongs to the thread in Run(). May be destroyed only after kEnded.
class Connection {
 public:
  // What an operation led to.
  enum class Progress {
    kNone,
    // The call stands: the first message can be written.
    kStarted,
    // `message()` holds what came; read on with ReadNext().
    kMessage,
    // Nothing more comes but the status. A peer that sent what cannot be read may not know that,
    // and never give one: then Abort().
    kBroken,
    // `status()` says how; no operation is under way.
    kEnded,
  };

  // Starts the call with that access token; empty: none. `queue` must outlive the connection and
  // reports its operations.
  Connection(const std::shared_ptr<grpc::Channel>& channel, const std::string& token,
             grpc::CompletionQueue& queue);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes the outcome of an operation other than kWake.
  Progress Advance(Operation operation, bool ok);

  // Whether the service has been reached, so that it may know of this call.
  bool started() const { return started_; }
  // Whether Write or HalfClose may be called.
  bool writable() const { return started_ && !writing_ && !half_closed_ && !broken_; }
  // Starts to send. `request` is not needed any more when it returns. Precondition: writable().
  void Write(const v1::ConnectRequest& request);
  // Says that nothing more comes from this side. Precondition: writable().
  void HalfClose();

  // Valid from kMessage to ReadNext().
  v1::ConnectResponse& message() { return message_; }
  void ReadNext();

  // Ends the call as soon as can be; kEnded still comes.
  void Abort() { context_.TryCancel(); }

  // Valid after kEnded.
  const grpc::Status& status() const { return status_; }

 private:
  Progress Break();

  // In this order: the call needs its context and stub until it is gone.
  grpc::ClientContext context_;
  std::unique_ptr<v1::HandlerService::Stub> stub_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::ConnectRequest, v1::ConnectResponse>> call_;
  v1::ConnectResponse message_;
  grpc::Status status_;
  bool started_ = false;
  bool writing_ = false;
  bool half_closed_ = false;
  bool broken_ = false;
  bool finishing_ = false;
};

}  // namespace tasker::client
