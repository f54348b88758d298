// The engine's end of one HandlerService.Connect call, worked by a test.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"

#include "tasker/v1/handler_service.grpc.pb.h"

namespace tasker::client {

// Throws if `condition` does not come true within half a minute; only a broken test waits that
// long.
void AwaitOrThrow(absl::Mutex& mutex, const std::function<bool()>& condition, const char* what);

// Reads all the time and holds the handler to the protocol: a first message that is not `register`
// alone, or a later `register`, ends the call with INVALID_ARGUMENT. All else is up to the test.
//
// Thread-safe.
class FakeStream : public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  // `authorization`: what the call's metadata has.
  explicit FakeStream(std::string authorization) : authorization_(std::move(authorization)) {
    StartRead(&incoming_);
  }

  const std::string& authorization() const { return authorization_; }

  // What the handler said of itself.
  v1::Register AwaitRegister();
  // Answers it; fields not set stay unset.
  void SendRegistered(v1::Registered registered = {});
  void Send(const v1::ConnectResponse& message);
  void Assign(const v1::Assignment& assignment);
  void Acknowledge(const std::string& token,
                   v1::AcknowledgementOutcome outcome = v1::ACKNOWLEDGEMENT_OUTCOME_APPLIED);
  void Cancel(const std::string& token, bool superseded = false);
  void Drain();
  // Ends the call after what was sent.
  void End(const grpc::Status& status);

  // The first result for `token` on this stream.
  v1::StepResult AwaitResult(const std::string& token);
  // The first heartbeat that names all of `tokens`.
  v1::Heartbeat AwaitHeartbeatOf(const std::vector<std::string>& tokens);
  // The first message behind the first for which `condition` holds.
  v1::ConnectRequest AwaitMessage(const std::function<bool(const v1::ConnectRequest&)>& condition,
                                  const char* what);
  // Waits for the handler's `drain`.
  void AwaitDrain();
  // Waits until the handler has closed its side.
  void AwaitHalfClose();
  // Waits until gRPC has no more use for this object.
  void AwaitDone();

  bool half_closed();
  // All messages behind the first.
  std::vector<v1::ConnectRequest> messages();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override;

 private:
  // Writes the next message; when there is none, ends the call if it is to end.
  void WriteOrFinish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndLocked(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Await(const std::function<bool()>& condition, const char* what);

  const std::string authorization_;
  v1::ConnectRequest incoming_;
  absl::Mutex mutex_;
  std::vector<v1::ConnectRequest> received_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::ConnectResponse> outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

// An answer to `register` that names every feature.
v1::Registered AllFeatures();

// An assignment with the fields every test needs.
v1::Assignment MakeAssignment(const std::string& token, const std::string& handler_class = "Echo",
                              const std::string& context = "{}");

}  // namespace tasker::client
