#include "clients/cpp/src/connection.h"

#include "clients/cpp/src/channel.h"

namespace tasker::client {

Connection::Connection(const std::shared_ptr<grpc::Channel>& channel, const std::string& token,
                       grpc::CompletionQueue& queue)
    : stub_(v1::HandlerService::NewStub(channel)) {
  AddToken(token, context_);
  call_ = stub_->PrepareAsyncConnect(&context_, &queue);
  call_->StartCall(TagOf(Operation::kStart));
}

Connection::Progress Connection::Advance(Operation operation, bool ok) {
  switch (operation) {
    case Operation::kStart:
      if (!ok) return Break();
      started_ = true;
      ReadNext();
      return Progress::kStarted;
    case Operation::kRead:
      return ok ? Progress::kMessage : Break();
    case Operation::kWrite:
      writing_ = false;
      // A failed write is not the end: what the service said before it is still to be read.
      return broken_ ? Break() : Progress::kNone;
    case Operation::kFinish:
      return Progress::kEnded;
    case Operation::kWake:
      break;
  }
  return Progress::kNone;
}

void Connection::Write(const v1::ConnectRequest& request) {
  writing_ = true;
  call_->Write(request, TagOf(Operation::kWrite));
}

void Connection::HalfClose() {
  writing_ = true;
  half_closed_ = true;
  call_->WritesDone(TagOf(Operation::kWrite));
}

void Connection::ReadNext() { call_->Read(&message_, TagOf(Operation::kRead)); }

// Nothing more can be read. Asks for the status once no write is under way.
Connection::Progress Connection::Break() {
  const bool is_news = !broken_;
  broken_ = true;
  if (!writing_ && !finishing_) {
    finishing_ = true;
    call_->Finish(&status_, TagOf(Operation::kFinish));
  }
  return is_news ? Progress::kBroken : Progress::kNone;
}

}  // namespace tasker::client
