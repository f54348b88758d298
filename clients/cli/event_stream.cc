#include "clients/cli/event_stream.h"

namespace tasker::cli {

EventStream::EventStream(v1::EventService::Stub& stub, const v1::SubscribeRequest& request,
                         bool wait_for_ready) {
  context_.set_wait_for_ready(wait_for_ready);
  reader_ = stub.PrepareAsyncSubscribe(&context_, request, &queue_);
  reader_->StartCall(nullptr);
}

EventStream::~EventStream() {
  // gRPC wants every operation collected and the call finished before their memory goes.
  context_.TryCancel();
  if (operation_ == Operation::kNothing) Finish();
  void* tag = nullptr;
  bool ok = false;
  while (operation_ != Operation::kEnded && queue_.Next(&tag, &ok)) Advance(false);
  queue_.Shutdown();
  while (queue_.Next(&tag, &ok)) {
  }
}

EventStream::Outcome EventStream::Next(absl::Time deadline) {
  if (operation_ == Operation::kNothing) Read();
  while (operation_ != Operation::kEnded) {
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(deadline));
    if (next != grpc::CompletionQueue::GOT_EVENT) return Outcome::kTimedOut;
    if (Advance(ok)) return Outcome::kResponse;
  }
  return Outcome::kEnded;
}

void EventStream::Read() {
  operation_ = Operation::kRead;
  reader_->Read(&response_, nullptr);
}

void EventStream::Finish() {
  operation_ = Operation::kFinish;
  reader_->Finish(&status_, nullptr);
}

bool EventStream::Advance(bool ok) {
  if (operation_ == Operation::kFinish) {
    operation_ = Operation::kEnded;
  } else if (!ok) {
    Finish();
  } else if (operation_ == Operation::kStart) {
    Read();
  } else {
    operation_ = Operation::kNothing;
    return true;
  }
  return false;
}

}  // namespace tasker::cli
