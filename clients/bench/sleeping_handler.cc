#include "clients/bench/sleeping_handler.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "nlohmann/json.hpp"
#include <sys/prctl.h>

#include "clients/bench/channels.h"
#include "clients/bench/handler_classes.h"
#include "clients/bench/interrupt.h"
#include "tasker/v1/handler_service.grpc.pb.h"

namespace tasker::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

// A step that waits for its end.
struct Waiting {
  Time until;
  std::string token;
  bool operator>(const Waiting& other) const { return until > other.until; }
};

std::chrono::nanoseconds DurationOf(const v1::Assignment& assignment) {
  const auto config = nlohmann::json::parse(assignment.handler_config(), nullptr, false);
  const double milliseconds = config.is_object() ? config.value("duration_ms", 0.0) : 0;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(milliseconds * 1e6));
}

// Reactions come on gRPC's threads; Wait() belongs to one of its own. Everything is behind one
// lock.
class SleepingHandler : public grpc::ClientBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  SleepingHandler(const std::string& server, std::uint32_t concurrency)
      : stub_(v1::HandlerService::NewStub(OpenChannel(server))) {
    v1::Register& registering = *request_.mutable_register_();
    registering.set_name("bench-sleeping");
    registering.set_instance_id("bench-sleeping");
    registering.set_concurrency(concurrency);
    // The second takes no time: a step of it finds out whether the handler is there.
    for (const char* name : {kSleepClass, kStepClass}) {
      registering.add_handler_classes()->set_handler_class(name);
    }
    writing_ = true;
    stub_->async()->Connect(&context_, this);
    // Writes begin outside of reactions.
    AddHold();
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }

  // Ends what is due, until Stop() or the end of the stream.
  void Wait() {
    prctl(PR_SET_TIMERSLACK, 1);
    absl::MutexLock lock(&mutex_);
    while (!stopping_ && !ended_) {
      const Time now = Clock::now();
      while (!waiting_.empty() && waiting_.top().until <= now) {
        done_.push_back(waiting_.top().token);
        waiting_.pop();
      }
      WriteNext(now);
      Time next = heartbeat_at_;
      if (!waiting_.empty()) next = std::min(next, waiting_.top().until);
      if (next == Time::max()) {
        changed_.Wait(&mutex_);
      } else {
        changed_.WaitWithTimeout(&mutex_, absl::FromChrono(next - Clock::now()));
      }
    }
  }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }

  // Ends the stream. OK unless the service ended it before.
  grpc::Status End() {
    bool own = false;
    {
      absl::MutexLock lock(&mutex_);
      own = !ended_;
    }
    context_.TryCancel();
    RemoveHold();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&finished_));
    return own ? grpc::Status::OK : status_;
  }

  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    if (!ok) {
      ended_ = true;
      changed_.Signal();
      return;
    }
    const Time now = Clock::now();
    if (response_.has_registered()) {
      heartbeat_every_ =
          std::chrono::nanoseconds(google::protobuf::util::TimeUtil::DurationToNanoseconds(
              response_.registered().heartbeat_interval()));
      heartbeat_at_ = now + heartbeat_every_;
    }
    bool sooner = response_.has_registered();
    for (const v1::Assignment& each : response_.assignments()) {
      const std::chrono::nanoseconds duration = DurationOf(each);
      held_.insert(each.token());
      if (duration.count() <= 0) {
        done_.push_back(each.token());
        continue;
      }
      sooner = sooner || waiting_.empty() || now + duration < waiting_.top().until;
      waiting_.push({now + duration, each.token()});
    }
    WriteNext(now);
    if (sooner) changed_.Signal();
    StartRead(&response_);
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (ok) WriteNext(Clock::now());
  }

  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    status_ = status;
    ended_ = true;
    finished_ = true;
    changed_.Signal();
  }

 private:
  void WriteNext(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || ended_) return;
    const bool heartbeat = now >= heartbeat_at_;
    if (done_.empty() && !heartbeat) return;
    request_.Clear();
    for (std::string& token : done_) {
      held_.erase(token);
      v1::StepResult& result = *request_.add_results();
      result.set_token(std::move(token));
      result.mutable_success()->set_results(R"({"ok":true})");
    }
    done_.clear();
    if (heartbeat) {
      for (const std::string& token : held_) request_.mutable_heartbeat()->add_tokens(token);
      heartbeat_at_ = now + heartbeat_every_;
    }
    writing_ = true;
    StartWrite(&request_);
  }

  const std::unique_ptr<v1::HandlerService::Stub> stub_;
  grpc::ClientContext context_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  v1::ConnectRequest request_;
  v1::ConnectResponse response_;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_
      ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> held_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> done_ ABSL_GUARDED_BY(mutex_);
  Time heartbeat_at_ ABSL_GUARDED_BY(mutex_) = Time::max();
  std::chrono::nanoseconds heartbeat_every_ ABSL_GUARDED_BY(mutex_){};
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

int RunSleepingHandler(const std::string& server, std::uint32_t concurrency) {
  BlockEndSignals();
  SleepingHandler handler(server, concurrency);
  Interrupt interrupt;
  interrupt.Watch([&handler](const std::string&) { handler.Stop(); });
  handler.Wait();
  interrupt.Watch(nullptr);
  const grpc::Status status = handler.End();
  if (!status.ok()) std::cerr << status.error_message() << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace tasker::bench
