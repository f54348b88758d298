// A gRPC server on a free loopback port that says what the test tells it to.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server.h"

#include "tasker/v1/event_service.grpc.pb.h"
#include "tasker/v1/handler_service.grpc.pb.h"
#include "tasker/v1/operator_service.grpc.pb.h"
#include "tasker/v1/task_service.grpc.pb.h"
#include "tasker/v1/template_service.grpc.pb.h"
#include "tests/cpp_client/fake_event_stream.h"
#include "tests/cpp_client/fake_stream.h"

namespace tasker::client {

// Thread-safe; `on_*` are set before anything is called.
class FakeEngine {
 public:
  FakeEngine();
  ~FakeEngine();

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // As if the process was killed: every call breaks, nobody answers at the address.
  void Die();
  // Answers at the same address again.
  void Revive();

  // The next Connect or Subscribe call that has not been given out.
  FakeStream& AwaitStream();
  FakeEventStream& AwaitEventStream();
  // Connect calls so far.
  std::size_t stream_count();
  // What the metadata of the last GetTask had.
  std::string last_authorization();

  template <typename Request, typename Response>
  using Answer = std::function<grpc::Status(const Request&, Response&)>;

  // What answers wrote on gRPC's threads before the caller had them is the calling thread's to
  // read: that the call has ended orders it, but nobody can see that. To be called again behind the
  // reading, before a call whose answer writes there once more.
  static void SeeAnswers();

  // Answers of the calls that are not streams; UNIMPLEMENTED unless set.
  Answer<v1::GetTaskRequest, v1::GetTaskResponse> on_get_task;
  Answer<v1::CreateTaskRequest, v1::CreateTaskResponse> on_create_task;
  Answer<v1::ListTasksRequest, v1::ListTasksResponse> on_list_tasks;
  Answer<v1::CancelTaskRequest, v1::CancelTaskResponse> on_cancel_task;
  Answer<v1::SignalTaskRequest, v1::SignalTaskResponse> on_signal_task;
  Answer<v1::RetryTaskRequest, v1::RetryTaskResponse> on_retry_task;
  Answer<v1::RetryStepRequest, v1::RetryStepResponse> on_retry_step;
  Answer<v1::ResolveTaskRequest, v1::ResolveTaskResponse> on_resolve_task;
  Answer<v1::ResolveStepRequest, v1::ResolveStepResponse> on_resolve_step;
  Answer<v1::CompleteStepRequest, v1::CompleteStepResponse> on_complete_step;
  Answer<v1::PublishEventRequest, v1::PublishEventResponse> on_publish_event;
  Answer<v1::AcknowledgeRequest, v1::AcknowledgeResponse> on_acknowledge;
  Answer<v1::ApplyTemplateRequest, v1::ApplyTemplateResponse> on_apply_template;

 private:
  class Handlers;
  class Events;
  class Tasks;
  class Operators;
  class Templates;

  void Listen();
  void NoteAuthorization(std::string authorization);

  int port_ = 0;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<FakeStream>> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<FakeEventStream>> event_streams_ ABSL_GUARDED_BY(mutex_);
  std::string authorization_ ABSL_GUARDED_BY(mutex_);
  std::size_t streams_given_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t event_streams_given_ ABSL_GUARDED_BY(mutex_) = 0;

  std::unique_ptr<Handlers> handlers_;
  std::unique_ptr<Events> events_;
  std::unique_ptr<Tasks> tasks_;
  std::unique_ptr<Operators> operators_;
  std::unique_ptr<Templates> templates_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tasker::client
