// A Tasker service of wires and levers: real gRPC on a free port, answers from the test.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "grpcpp/server.h"
#include "grpcpp/server_context.h"

#include "tasker/v1/event_service.grpc.pb.h"
#include "tasker/v1/handler_service.grpc.pb.h"
#include "tasker/v1/task_service.grpc.pb.h"
#include "tasker/v1/template_service.grpc.pb.h"

namespace tasker::cli {

// What answers one RPC, called on gRPC's threads. Unset: UNIMPLEMENTED.
template <typename Request, typename Response>
using Answer = std::function<grpc::Status(const Request&, Response*)>;

// Levers for the unary RPCs; set before the call.
struct FakeAnswers {
  Answer<v1::ApplyTemplateRequest, v1::ApplyTemplateResponse> apply_template;
  Answer<v1::ListTemplatesRequest, v1::ListTemplatesResponse> list_templates;
  Answer<v1::GetTemplateRequest, v1::GetTemplateResponse> get_template;
  Answer<v1::ListTemplateFilesRequest, v1::ListTemplateFilesResponse> list_template_files;
  // Streams: the responses, then the status.
  Answer<v1::RehearseTemplateRequest, std::vector<v1::RehearseTemplateResponse>> rehearse_template;
  Answer<v1::MigrateTasksRequest, std::vector<v1::MigrateTasksResponse>> migrate_tasks;
  Answer<v1::AnalyzeTemplateRequest, v1::AnalyzeTemplateResponse> analyze_template;
  Answer<v1::CreateTaskRequest, v1::CreateTaskResponse> create_task;
  // Unset: the log's task.
  Answer<v1::GetTaskRequest, v1::GetTaskResponse> get_task;
  Answer<v1::ListTasksRequest, v1::ListTasksResponse> list_tasks;
  Answer<v1::CancelTaskRequest, v1::CancelTaskResponse> cancel_task;
  Answer<v1::ListHandlersRequest, v1::ListHandlersResponse> list_handlers;
  Answer<v1::CreateSubscriptionRequest, v1::CreateSubscriptionResponse> create_subscription;
  Answer<v1::GetSubscriptionRequest, v1::GetSubscriptionResponse> get_subscription;
  Answer<v1::ListSubscriptionsRequest, v1::ListSubscriptionsResponse> list_subscriptions;
  Answer<v1::DeleteSubscriptionRequest, v1::DeleteSubscriptionResponse> delete_subscription;
  Answer<v1::ResetSubscriptionRequest, v1::ResetSubscriptionResponse> reset_subscription;
  Answer<v1::AcknowledgeRequest, v1::AcknowledgeResponse> acknowledge;
  Answer<v1::ListEventsRequest, v1::ListEventsResponse> list_events;
  Answer<v1::GetEventInfoRequest, v1::GetEventInfoResponse> get_event_info;
};

// A task, and a log of events that Subscribe serves as the contract says, with numbers as cursors.
// Outlives restarts of the server, as a store does. Safe for concurrent use.
class FakeLog {
 public:
  // The task stands like this from now on, and `event` tells of it.
  void Publish(const v1::Task& task, v1::Event event);
  // The task stands like this, and no event tells of it.
  void SetTask(const v1::Task& task);
  // Events before number `first` are no longer kept.
  void Forget(std::size_t first);

  // Waits until GetTask has answered with what stands now; false after ten seconds.
  bool AwaitRead();
  // Waits until `count` subscriptions were served in all; false after ten seconds.
  bool AwaitSubscriptions(std::size_t count);

  // `Subscribe` and `GetTask` in the order they came, and each Subscribe's request.
  std::vector<std::string> calls() const;
  std::vector<v1::SubscribeRequest> subscriptions() const;

  // For the server.
  grpc::Status Subscribe(grpc::ServerContext& context, const v1::SubscribeRequest& request,
                         grpc::ServerWriter<v1::SubscribeResponse>& writer);
  grpc::Status GetTask(const v1::GetTaskRequest& request, v1::GetTaskResponse* response);
  void SetServing(bool serving);

 private:
  // Blocks until there are events from `next` on; false once the call is over.
  bool AwaitEvents(std::unique_lock<std::mutex>& lock, grpc::ServerContext& context,
                   std::size_t next);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  v1::Task task_;
  bool task_read_ = false;
  bool serving_ = false;
  std::vector<v1::Event> events_;
  std::size_t first_kept_ = 0;
  std::vector<std::string> calls_;
  std::vector<v1::SubscribeRequest> subscriptions_;
};

// The server itself: running from its construction to its destruction, except between Stop and
// Start.
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  // What answers wrote on gRPC's threads before the caller had them is the calling thread's to
  // read: that the call has ended orders it, but nobody can see that.
  static void SeeAnswers();

  // HOST:PORT; the same after a restart.
  std::string address() const;

  // Breaks every call, as a service does that stops.
  void Stop();
  void Start();

  FakeAnswers& answers() { return answers_; }
  FakeLog& log() { return log_; }

 private:
  class Services;

  FakeAnswers answers_;
  FakeLog log_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace tasker::cli
