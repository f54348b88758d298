// The calls that a load is made of, each an operation of one completion queue.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"

#include "tasker/v1/event_service.grpc.pb.h"
#include "tasker/v1/task_service.grpc.pb.h"

namespace tasker::bench {

// An operation that the completion queue reports; its address is the tag.
class Operation {
 public:
  virtual ~Operation() = default;
  // On the thread that reads the queue.
  virtual void OnDone(bool ok) = 0;
};

// One CreateTask; deletes itself once `on_done` has returned.
class CreateCall : public Operation {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `intended`: when the task was to be created, which is what its latency counts from.
  CreateCall(v1::TaskService::Stub& stub, const v1::CreateTaskRequest& request,
             grpc::CompletionQueue& queue, Time intended,
             const std::function<void(CreateCall&)>& on_done);
  // Asks for the answer; from then on the call may be gone at any time. Once.
  void Start() { call_->Finish(&response_, &status_, this); }
  void OnDone(bool ok) override;
  void Cancel() { context_.TryCancel(); }

  const std::string& task_id() const { return response_.task_id(); }
  const grpc::Status& status() const { return status_; }
  Time intended() const { return intended_; }

 private:
  const std::function<void(CreateCall&)>& on_done_;
  const Time intended_;
  grpc::ClientContext context_;
  v1::CreateTaskResponse response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateTaskResponse>> call_;
};

// One Subscribe: started, then read to its end.
class EventCall : public Operation {
 public:
  // `on_response`: for each response. `on_end`: how the call ended, once; nothing comes after it.
  EventCall(v1::EventService::Stub& stub, const v1::SubscribeRequest& request,
            grpc::CompletionQueue& queue,
            std::function<void(const v1::SubscribeResponse&)> on_response,
            std::function<void(const grpc::Status&)> on_end);
  void OnDone(bool ok) override;
  void Cancel() { context_.TryCancel(); }
  bool ended() const { return ended_; }

 private:
  const std::function<void(const v1::SubscribeResponse&)> on_response_;
  const std::function<void(const grpc::Status&)> on_end_;
  grpc::ClientContext context_;
  v1::SubscribeResponse response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::SubscribeResponse>> call_;
  bool started_ = false;
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace tasker::bench
