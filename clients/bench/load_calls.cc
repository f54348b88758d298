#include "clients/bench/load_calls.h"

#include <utility>

namespace tasker::bench {

CreateCall::CreateCall(v1::TaskService::Stub& stub, const v1::CreateTaskRequest& request,
                       grpc::CompletionQueue& queue, Time intended,
                       const std::function<void(CreateCall&)>& on_done)
    : on_done_(on_done), intended_(intended) {
  call_ = stub.AsyncCreateTask(&context_, request, &queue);
}

void CreateCall::OnDone(bool /*ok*/) {
  on_done_(*this);
  delete this;
}

EventCall::EventCall(v1::EventService::Stub& stub, const v1::SubscribeRequest& request,
                     grpc::CompletionQueue& queue,
                     std::function<void(const v1::SubscribeResponse&)> on_response,
                     std::function<void(const grpc::Status&)> on_end)
    : on_response_(std::move(on_response)), on_end_(std::move(on_end)) {
  call_ = stub.PrepareAsyncSubscribe(&context_, request, &queue);
  call_->StartCall(this);
}

void EventCall::OnDone(bool ok) {
  if (finishing_) {
    ended_ = true;
    on_end_(status_);
    return;
  }
  if (!ok) {
    finishing_ = true;
    call_->Finish(&status_, this);
    return;
  }
  if (started_) on_response_(response_);
  started_ = true;
  call_->Read(&response_, this);
}

}  // namespace tasker::bench
