#include "tests/cpp_client/fake_engine.h"

#include <chrono>
#include <stdexcept>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace tasker::client {
namespace {

// Held for a moment before and behind every answer; see FakeEngine::SeeAnswers.
absl::Mutex answered(absl::kConstInit);

template <typename Request, typename Response>
grpc::Status AnswerWith(const FakeEngine::Answer<Request, Response>& answer, const Request* request,
                        Response* response) {
  if (!answer) return {grpc::StatusCode::UNIMPLEMENTED, ""};
  { const absl::MutexLock lock(&answered); }
  const grpc::Status status = answer(*request, *response);
  const absl::MutexLock lock(&answered);
  return status;
}

// What the call's metadata has; empty: nothing.
std::string Authorization(const grpc::ServerContextBase& context) {
  const auto found = context.client_metadata().find("authorization");
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

}  // namespace

void FakeEngine::SeeAnswers() { const absl::MutexLock lock(&answered); }

class FakeEngine::Handlers : public v1::HandlerService::CallbackService {
 public:
  explicit Handlers(FakeEngine& engine) : engine_(engine) {}
  grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext* context) override {
    absl::MutexLock lock(&engine_.mutex_);
    engine_.streams_.push_back(std::make_unique<FakeStream>(Authorization(*context)));
    return engine_.streams_.back().get();
  }
  grpc::ServerUnaryReactor* CompleteStep(grpc::CallbackServerContext* context,
                                         const v1::CompleteStepRequest* request,
                                         v1::CompleteStepResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(AnswerWith(engine_.on_complete_step, request, response));
    return reactor;
  }

 private:
  FakeEngine& engine_;
};

class FakeEngine::Events : public v1::EventService::CallbackService {
 public:
  explicit Events(FakeEngine& engine) : engine_(engine) {}
  grpc::ServerWriteReactor<v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext*, const v1::SubscribeRequest* request) override {
    absl::MutexLock lock(&engine_.mutex_);
    engine_.event_streams_.push_back(std::make_unique<FakeEventStream>(*request));
    return engine_.event_streams_.back().get();
  }
  grpc::ServerUnaryReactor* PublishEvent(grpc::CallbackServerContext* context,
                                         const v1::PublishEventRequest* request,
                                         v1::PublishEventResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(AnswerWith(engine_.on_publish_event, request, response));
    return reactor;
  }

  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                        const v1::AcknowledgeRequest* request,
                                        v1::AcknowledgeResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(AnswerWith(engine_.on_acknowledge, request, response));
    return reactor;
  }

 private:
  FakeEngine& engine_;
};

class FakeEngine::Tasks : public v1::TaskService::Service {
 public:
  explicit Tasks(FakeEngine& engine) : engine_(engine) {}
  grpc::Status GetTask(grpc::ServerContext* context, const v1::GetTaskRequest* request,
                       v1::GetTaskResponse* response) override {
    engine_.NoteAuthorization(Authorization(*context));
    return AnswerWith(engine_.on_get_task, request, response);
  }
  grpc::Status CreateTask(grpc::ServerContext*, const v1::CreateTaskRequest* request,
                          v1::CreateTaskResponse* response) override {
    return AnswerWith(engine_.on_create_task, request, response);
  }
  grpc::Status ListTasks(grpc::ServerContext*, const v1::ListTasksRequest* request,
                         v1::ListTasksResponse* response) override {
    return AnswerWith(engine_.on_list_tasks, request, response);
  }
  grpc::Status SignalTask(grpc::ServerContext*, const v1::SignalTaskRequest* request,
                          v1::SignalTaskResponse* response) override {
    return AnswerWith(engine_.on_signal_task, request, response);
  }
  grpc::Status CancelTask(grpc::ServerContext*, const v1::CancelTaskRequest* request,
                          v1::CancelTaskResponse* response) override {
    return AnswerWith(engine_.on_cancel_task, request, response);
  }

 private:
  FakeEngine& engine_;
};

class FakeEngine::Operators : public v1::OperatorService::Service {
 public:
  explicit Operators(FakeEngine& engine) : engine_(engine) {}
  grpc::Status RetryTask(grpc::ServerContext*, const v1::RetryTaskRequest* request,
                         v1::RetryTaskResponse* response) override {
    return AnswerWith(engine_.on_retry_task, request, response);
  }
  grpc::Status RetryStep(grpc::ServerContext*, const v1::RetryStepRequest* request,
                         v1::RetryStepResponse* response) override {
    return AnswerWith(engine_.on_retry_step, request, response);
  }
  grpc::Status ResolveTask(grpc::ServerContext*, const v1::ResolveTaskRequest* request,
                           v1::ResolveTaskResponse* response) override {
    return AnswerWith(engine_.on_resolve_task, request, response);
  }
  grpc::Status ResolveStep(grpc::ServerContext*, const v1::ResolveStepRequest* request,
                           v1::ResolveStepResponse* response) override {
    return AnswerWith(engine_.on_resolve_step, request, response);
  }

 private:
  FakeEngine& engine_;
};

class FakeEngine::Templates : public v1::TemplateService::Service {
 public:
  explicit Templates(FakeEngine& engine) : engine_(engine) {}
  grpc::Status ApplyTemplate(grpc::ServerContext*, const v1::ApplyTemplateRequest* request,
                             v1::ApplyTemplateResponse* response) override {
    return AnswerWith(engine_.on_apply_template, request, response);
  }

 private:
  FakeEngine& engine_;
};

FakeEngine::FakeEngine()
    : handlers_(std::make_unique<Handlers>(*this)),
      events_(std::make_unique<Events>(*this)),
      tasks_(std::make_unique<Tasks>(*this)),
      operators_(std::make_unique<Operators>(*this)),
      templates_(std::make_unique<Templates>(*this)) {
  Listen();
}

FakeEngine::~FakeEngine() {
  if (server_ != nullptr) Die();
}

void FakeEngine::Listen() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials(), &port_);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(handlers_.get());
  builder.RegisterService(events_.get());
  builder.RegisterService(tasks_.get());
  builder.RegisterService(operators_.get());
  builder.RegisterService(templates_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) throw std::runtime_error("cannot listen at " + address());
}

void FakeEngine::Die() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& stream : streams_) stream->AwaitDone();
    for (const auto& stream : event_streams_) stream->AwaitDone();
  }
  server_.reset();
}

void FakeEngine::Revive() { Listen(); }

FakeStream& FakeEngine::AwaitStream() {
  absl::MutexLock lock(&mutex_);
  AwaitOrThrow(
      mutex_, [this] { return streams_.size() > streams_given_; }, "a handler to connect");
  return *streams_[streams_given_++];
}

FakeEventStream& FakeEngine::AwaitEventStream() {
  absl::MutexLock lock(&mutex_);
  AwaitOrThrow(
      mutex_, [this] { return event_streams_.size() > event_streams_given_; }, "a subscriber");
  return *event_streams_[event_streams_given_++];
}

void FakeEngine::NoteAuthorization(std::string authorization) {
  absl::MutexLock lock(&mutex_);
  authorization_ = std::move(authorization);
}

std::string FakeEngine::last_authorization() {
  absl::MutexLock lock(&mutex_);
  return authorization_;
}

std::size_t FakeEngine::stream_count() {
  absl::MutexLock lock(&mutex_);
  return streams_.size();
}

}  // namespace tasker::client
