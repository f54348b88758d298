#include "tests/cli/fake_service.h"

#include <chrono>
#include <utility>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace tasker::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience(10);

// Held for a moment behind every answer; see FakeServer::SeeAnswers.
std::mutex answered;

template <typename Request, typename Response>
grpc::Status Give(const Answer<Request, Response>& answer, const Request* request,
                  Response* response) {
  if (!answer) return {grpc::StatusCode::UNIMPLEMENTED, "the test set no answer"};
  const grpc::Status status = answer(*request, response);
  const std::scoped_lock lock(answered);
  return status;
}

template <typename Request, typename Response>
grpc::Status GiveAll(const Answer<Request, std::vector<Response>>& answer, const Request* request,
                     grpc::ServerWriter<Response>* writer) {
  std::vector<Response> responses;
  const grpc::Status status = Give(answer, request, &responses);
  for (const Response& response : responses) writer->Write(response);
  return status;
}

}  // namespace

void FakeServer::SeeAnswers() { const std::scoped_lock lock(answered); }

void FakeLog::Publish(const v1::Task& task, v1::Event event) {
  const std::scoped_lock lock(mutex_);
  task_ = task;
  task_read_ = false;
  event.set_task_id(task.task_id());
  events_.push_back(std::move(event));
  events_.back().set_cursor(std::to_string(events_.size()));
  changed_.notify_all();
}

void FakeLog::SetTask(const v1::Task& task) {
  const std::scoped_lock lock(mutex_);
  task_ = task;
  task_read_ = false;
}

void FakeLog::Forget(std::size_t first) {
  const std::scoped_lock lock(mutex_);
  first_kept_ = first;
}

bool FakeLog::AwaitRead() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [this] { return task_read_; });
}

bool FakeLog::AwaitSubscriptions(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience,
                           [this, count] { return subscriptions_.size() >= count; });
}

std::vector<std::string> FakeLog::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

std::vector<v1::SubscribeRequest> FakeLog::subscriptions() const {
  const std::scoped_lock lock(mutex_);
  return subscriptions_;
}

void FakeLog::SetServing(bool serving) {
  const std::scoped_lock lock(mutex_);
  serving_ = serving;
  changed_.notify_all();
}

grpc::Status FakeLog::Subscribe(grpc::ServerContext& context, const v1::SubscribeRequest& request,
                                grpc::ServerWriter<v1::SubscribeResponse>& writer) {
  std::unique_lock lock(mutex_);
  calls_.push_back("Subscribe");
  subscriptions_.push_back(request);
  changed_.notify_all();
  std::size_t next = events_.size();
  if (request.from_earliest()) next = first_kept_;
  if (!request.after_cursor().empty()) next = std::stoul(request.after_cursor());
  if (next < first_kept_) {
    return {grpc::StatusCode::OUT_OF_RANGE, "earliest cursor: " + std::to_string(first_kept_)};
  }
  v1::SubscribeResponse response;
  response.set_cursor(std::to_string(next));
  if (!request.subscription().empty()) {
    response.set_consumer_id("c" + std::to_string(subscriptions_.size()));
  }
  writer.Write(response);
  response.clear_consumer_id();
  if (request.has_snapshot()) {
    v1::SubscribeResponse snapshot;
    *snapshot.add_tasks() = task_;
    snapshot.set_cursor(response.cursor());
    snapshot.mutable_snapshot_position()->set_sequence(7);
    snapshot.set_snapshot_complete(true);
    writer.Write(snapshot);
  }
  while (AwaitEvents(lock, context, next)) {
    response.mutable_events()->Assign(events_.begin() + static_cast<std::ptrdiff_t>(next),
                                      events_.end());
    next = events_.size();
    response.set_cursor(std::to_string(next));
    if (!writer.Write(response)) break;
  }
  return {grpc::StatusCode::UNAVAILABLE, "the service stops"};
}

bool FakeLog::AwaitEvents(std::unique_lock<std::mutex>& lock, grpc::ServerContext& context,
                          std::size_t next) {
  // gRPC's synchronous server wakes nobody when a client leaves, so that must be asked for.
  constexpr milliseconds kCancellationCheck(10);
  while (serving_ && !context.IsCancelled()) {
    if (next < events_.size()) return true;
    changed_.wait_for(lock, kCancellationCheck);
  }
  return false;
}

grpc::Status FakeLog::GetTask(const v1::GetTaskRequest& request, v1::GetTaskResponse* response) {
  const std::scoped_lock lock(mutex_);
  calls_.push_back("GetTask");
  if (task_.task_id() != request.task_id()) {
    return {grpc::StatusCode::NOT_FOUND, "no task " + request.task_id()};
  }
  *response->mutable_task() = task_;
  task_read_ = true;
  changed_.notify_all();
  return grpc::Status::OK;
}

class FakeServer::Services {
 public:
  Services(const FakeAnswers& answers, FakeLog& log)
      : templates_(answers), tasks_(answers, log), events_(answers, log), handlers_(answers) {}

  void Register(grpc::ServerBuilder& builder) {
    builder.RegisterService(&templates_);
    builder.RegisterService(&tasks_);
    builder.RegisterService(&events_);
    builder.RegisterService(&handlers_);
  }

 private:
  struct Templates : v1::TemplateService::Service {
    explicit Templates(const FakeAnswers& a) : answers(a) {}
    grpc::Status ApplyTemplate(grpc::ServerContext*, const v1::ApplyTemplateRequest* request,
                               v1::ApplyTemplateResponse* response) override {
      return Give(answers.apply_template, request, response);
    }
    grpc::Status ListTemplates(grpc::ServerContext*, const v1::ListTemplatesRequest* request,
                               v1::ListTemplatesResponse* response) override {
      return Give(answers.list_templates, request, response);
    }
    grpc::Status GetTemplate(grpc::ServerContext*, const v1::GetTemplateRequest* request,
                             v1::GetTemplateResponse* response) override {
      return Give(answers.get_template, request, response);
    }
    grpc::Status ListTemplateFiles(grpc::ServerContext*,
                                   const v1::ListTemplateFilesRequest* request,
                                   v1::ListTemplateFilesResponse* response) override {
      return Give(answers.list_template_files, request, response);
    }
    grpc::Status AnalyzeTemplate(grpc::ServerContext*, const v1::AnalyzeTemplateRequest* request,
                                 v1::AnalyzeTemplateResponse* response) override {
      return Give(answers.analyze_template, request, response);
    }
    grpc::Status RehearseTemplate(
        grpc::ServerContext*, const v1::RehearseTemplateRequest* request,
        grpc::ServerWriter<v1::RehearseTemplateResponse>* writer) override {
      return GiveAll(answers.rehearse_template, request, writer);
    }
    grpc::Status MigrateTasks(grpc::ServerContext*, const v1::MigrateTasksRequest* request,
                              grpc::ServerWriter<v1::MigrateTasksResponse>* writer) override {
      return GiveAll(answers.migrate_tasks, request, writer);
    }
    const FakeAnswers& answers;
  };

  struct Tasks : v1::TaskService::Service {
    Tasks(const FakeAnswers& a, FakeLog& l) : answers(a), log(l) {}
    grpc::Status CreateTask(grpc::ServerContext*, const v1::CreateTaskRequest* request,
                            v1::CreateTaskResponse* response) override {
      return Give(answers.create_task, request, response);
    }
    grpc::Status GetTask(grpc::ServerContext*, const v1::GetTaskRequest* request,
                         v1::GetTaskResponse* response) override {
      if (answers.get_task) return answers.get_task(*request, response);
      return log.GetTask(*request, response);
    }
    grpc::Status ListTasks(grpc::ServerContext*, const v1::ListTasksRequest* request,
                           v1::ListTasksResponse* response) override {
      return Give(answers.list_tasks, request, response);
    }
    grpc::Status CancelTask(grpc::ServerContext*, const v1::CancelTaskRequest* request,
                            v1::CancelTaskResponse* response) override {
      return Give(answers.cancel_task, request, response);
    }
    const FakeAnswers& answers;
    FakeLog& log;
  };

  struct Events : v1::EventService::Service {
    Events(const FakeAnswers& a, FakeLog& l) : answers(a), log(l) {}
    grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                           grpc::ServerWriter<v1::SubscribeResponse>* writer) override {
      return log.Subscribe(*context, *request, *writer);
    }
    grpc::Status CreateSubscription(grpc::ServerContext*,
                                    const v1::CreateSubscriptionRequest* request,
                                    v1::CreateSubscriptionResponse* response) override {
      return Give(answers.create_subscription, request, response);
    }
    grpc::Status GetSubscription(grpc::ServerContext*, const v1::GetSubscriptionRequest* request,
                                 v1::GetSubscriptionResponse* response) override {
      return Give(answers.get_subscription, request, response);
    }
    grpc::Status ListSubscriptions(grpc::ServerContext*,
                                   const v1::ListSubscriptionsRequest* request,
                                   v1::ListSubscriptionsResponse* response) override {
      return Give(answers.list_subscriptions, request, response);
    }
    grpc::Status DeleteSubscription(grpc::ServerContext*,
                                    const v1::DeleteSubscriptionRequest* request,
                                    v1::DeleteSubscriptionResponse* response) override {
      return Give(answers.delete_subscription, request, response);
    }
    grpc::Status ResetSubscription(grpc::ServerContext*,
                                   const v1::ResetSubscriptionRequest* request,
                                   v1::ResetSubscriptionResponse* response) override {
      return Give(answers.reset_subscription, request, response);
    }
    grpc::Status Acknowledge(grpc::ServerContext*, const v1::AcknowledgeRequest* request,
                             v1::AcknowledgeResponse* response) override {
      return Give(answers.acknowledge, request, response);
    }
    grpc::Status ListEvents(grpc::ServerContext*, const v1::ListEventsRequest* request,
                            v1::ListEventsResponse* response) override {
      return Give(answers.list_events, request, response);
    }
    grpc::Status GetEventInfo(grpc::ServerContext*, const v1::GetEventInfoRequest* request,
                              v1::GetEventInfoResponse* response) override {
      return Give(answers.get_event_info, request, response);
    }
    const FakeAnswers& answers;
    FakeLog& log;
  };

  struct Handlers : v1::HandlerService::Service {
    explicit Handlers(const FakeAnswers& a) : answers(a) {}
    grpc::Status ListHandlers(grpc::ServerContext*, const v1::ListHandlersRequest* request,
                              v1::ListHandlersResponse* response) override {
      return Give(answers.list_handlers, request, response);
    }
    const FakeAnswers& answers;
  };

  Templates templates_;
  Tasks tasks_;
  Events events_;
  Handlers handlers_;
};

FakeServer::FakeServer() : services_(std::make_unique<Services>(answers_, log_)) { Start(); }

FakeServer::~FakeServer() { Stop(); }

std::string FakeServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

void FakeServer::Start() {
  log_.SetServing(true);
  grpc::ServerBuilder builder;
  // Port 0 the first time: any free one.
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials(), &port_);
  services_->Register(builder);
  server_ = builder.BuildAndStart();
}

void FakeServer::Stop() {
  if (!server_) return;
  log_.SetServing(false);
  server_->Shutdown(std::chrono::system_clock::now() + seconds(5));
  server_.reset();
}

}  // namespace tasker::cli
