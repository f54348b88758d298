// One handler's stream.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <grpcpp/grpcpp.h>

#include "engine/effects.h"
#include "service/handlers/handler_sessions.h"
#include "service/handlers/refused_registrations.h"
#include "service/handlers/stream_limits.h"
#include "service/handlers/task_handler_classes.h"
#include "service/pipeline/partition_runner.h"
#include "service/security/access_tokens.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::service {

// Turns what a handler sends into commands, and what the engine has for it into messages.
// Everything that is ready while a write is under way leaves with the next one.
//
// A handler that sends without reading, or faster than its results become durable, is read no
// further until it has caught up. Keeps itself alive until gRPC is done with it. Public methods may
// be called from any thread.
class HandlerStream final
    : public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  // Begins to read. All arguments must outlive the stream.
  static HandlerStream* Begin(grpc::CallbackServerContext* context, const StreamLimits* limits,
                              PartitionRunner* runner, HandlerSessions* sessions,
                              TaskHandlerClasses* task_handlers, RefusedRegistrations* refused,
                              AccessTokens* tokens);

  HandlerStream(std::string peer, const StreamLimits* limits, PartitionRunner* runner,
                HandlerSessions* sessions, TaskHandlerClasses* task_handlers,
                RefusedRegistrations* refused, AccessTokens* tokens, std::string token);

  // Adds a part to the next message; it leaves with Flush.
  void Add(const engine::Registration& registration);
  void Add(const engine::Assignment& assignment);
  void Add(const engine::Cancellation& cancellation);
  // `position`: the commit that the acknowledgement stands on; nullopt: it changed nothing.
  void AddAcknowledgement(std::string token, engine::ResultOutcome outcome,
                          const std::optional<v1::Position>& position);
  void AddDrain(const std::string& reason);
  void Flush();

  // Ends the stream.
  void FinishOnce(const grpc::Status& status);

  // What the handler registered with, peer and time of connection included; nullopt before that.
  std::optional<v1::ConnectedHandler> Describe() const;

  engine::SessionId session() const { return session_; }

  // gRPC's calls.
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // A message that has not left yet, and about how long it is.
  struct Outgoing {
    v1::ConnectResponse message;
    std::size_t bytes = 0;
  };

  // All three: false if the message broke a rule and the stream was ended.
  bool CheckToken();
  bool TakeRegister();
  bool TakeWork();
  // Confirmations, heartbeats, checkpoints and progress of the frame.
  void TakeSignsOfLife(std::vector<engine::Command>& commands);
  // Appends the command that one result asks for; false as above.
  bool TakeOneResult(v1::StepResult& result, int place, std::vector<engine::Command>& commands);
  void SubmitFrame(std::vector<engine::Command> commands);
  // Reads the next message, now or once the handler has caught up.
  void ReadOn();

  // The message that a part of `bytes` goes into.
  v1::ConnectResponse& Frame(std::size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ResumeReading() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string peer_;
  const StreamLimits& limits_;
  PartitionRunner& runner_;
  HandlerSessions& sessions_;
  TaskHandlerClasses& task_handlers_;
  RefusedRegistrations& refused_;
  // Null: no access token is asked for.
  AccessTokens* const tokens_;
  const engine::SessionId session_;

  // The two that follow are touched by OnReadDone alone. The newest token that the handler gave.
  std::string token_;
  // Of the read under way.
  v1::ConnectRequest request_;
  bool registered_ = false;

  mutable absl::Mutex mutex_;
  std::shared_ptr<HandlerStream> self_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::ConnectedHandler> description_ ABSL_GUARDED_BY(mutex_);
  std::deque<Outgoing> outbox_ ABSL_GUARDED_BY(mutex_);
  // The sum over outbox_.
  std::size_t outbox_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the write under way; gRPC reads it until OnWriteDone.
  Outgoing written_;
  // One that has left, empty.
  v1::ConnectResponse spare_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Messages taken whose commands are not yet durable.
  int frames_under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  // Not reading until MayRead.
  bool read_paused_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tasker::service
