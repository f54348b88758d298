#include "clients/sinks/acknowledger.h"

#include <pthread.h>
#include <utility>

#include "clients/sinks/sink_log.h"

namespace tasker::sinks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often it looks around, when there is nothing to acknowledge.
constexpr milliseconds kTick{1'000};
// How long it waits once it is to finish and nothing is left.
constexpr milliseconds kNoWait{0};
constexpr milliseconds kCallMax{10'000};
constexpr milliseconds kLagCallMax{5'000};
constexpr milliseconds kLagEvery{10'000};
constexpr milliseconds kAgainAfter{200};

// Of the service's answers to Acknowledge, those after which the same stream may go on.
bool MayPass(grpc::StatusCode code) {
  return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::DEADLINE_EXCEEDED ||
         code == grpc::StatusCode::RESOURCE_EXHAUSTED || code == grpc::StatusCode::INTERNAL ||
         code == grpc::StatusCode::UNKNOWN || code == grpc::StatusCode::UNAUTHENTICATED;
}

}  // namespace

Acknowledger::Acknowledger(AcknowledgerOptions options, client::ServiceChannel& channel,
                           std::shared_ptr<grpc::Channel> connection, Deliverer& deliverer,
                           SinkMetrics& metrics)
    : options_(std::move(options)),
      channel_(channel),
      stub_(v1::EventService::NewStub(std::move(connection))),
      deliverer_(deliverer),
      metrics_(metrics),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "sink-ack");
}

Acknowledger::~Acknowledger() {
  if (thread_.joinable()) End();
}

void Acknowledger::End() {
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    if (call_ != nullptr) call_->TryCancel();
    changed_.SignalAll();
  }
  // The thread may wait in there.
  deliverer_.Interrupt();
  thread_.join();
}

bool Acknowledger::Finish(TimePoint deadline) {
  absl::MutexLock lock(&mutex_);
  finishing_ = true;
  while (!done_) {
    const TimePoint now = Clock::now();
    if (now >= deadline) return false;
    changed_.WaitWithTimeout(&mutex_, absl::FromChrono(deadline - now));
  }
  return all_acknowledged_;
}

void Acknowledger::Run() {
  TimePoint next_lag = Clock::now();
  bool all = false;
  while (!cancelled()) {
    bool finishing = false;
    {
      absl::MutexLock lock(&mutex_);
      finishing = finishing_;
    }
    const std::optional<std::string> cursor =
        deliverer_.AwaitAcknowledgeable(finishing ? kNoWait : kTick);
    if (cursor && !Acknowledge(*cursor)) break;
    if (!cursor && finishing) {
      all = true;
      break;
    }
    if (cancelled()) break;
    options_.on_tick();
    if (!finishing && Clock::now() >= next_lag) {
      AskForLag();
      next_lag = Clock::now() + kLagEvery;
    }
  }
  absl::MutexLock lock(&mutex_);
  done_ = true;
  all_acknowledged_ = all;
  changed_.SignalAll();
}

bool Acknowledger::Acknowledge(const std::string& cursor) {
  v1::AcknowledgeRequest request;
  request.set_subscription(options_.subscription);
  request.set_cursor(cursor);
  request.set_consumer_id(options_.consumer_id);
  while (true) {
    grpc::ClientContext context;
    if (!Prepare(context, kCallMax)) return false;
    v1::AcknowledgeResponse response;
    const grpc::Status status = stub_->Acknowledge(&context, request, &response);
    Release();
    if (status.ok()) {
      deliverer_.NoteAcknowledged();
      return true;
    }
    if (cancelled()) return false;
    if (!MayPass(status.error_code())) {
      options_.on_lost("not acknowledged: " + status.error_message());
      return false;
    }
    Log(LogLevel::kWarning, "events could not be acknowledged, and that is tried again",
        {{"sink", options_.subscription}, {"error", status.error_message()}});
    if (!Pause(kAgainAfter)) return false;
  }
}

void Acknowledger::AskForLag() {
  grpc::ClientContext context;
  if (!Prepare(context, kLagCallMax)) return;
  v1::GetSubscriptionRequest request;
  request.set_name(options_.subscription);
  v1::GetSubscriptionResponse response;
  const grpc::Status status = stub_->GetSubscription(&context, request, &response);
  Release();
  if (!status.ok()) return;
  const v1::Subscription& subscription = response.subscription();
  metrics_.lag_events.Set(static_cast<double>(subscription.lag_events()));
  metrics_.lag_seconds.Set(static_cast<double>(subscription.lag_time().seconds()) +
                           static_cast<double>(subscription.lag_time().nanos()) / 1e9);
}

bool Acknowledger::Prepare(grpc::ClientContext& context, milliseconds timeout) {
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  // Without a token the service says what is wrong.
  static_cast<void>(channel_.Authorize(context));
  absl::MutexLock lock(&mutex_);
  if (cancelled_) return false;
  call_ = &context;
  return true;
}

void Acknowledger::Release() {
  absl::MutexLock lock(&mutex_);
  call_ = nullptr;
}

bool Acknowledger::Pause(milliseconds time) {
  const absl::Time until = absl::Now() + absl::FromChrono(time);
  absl::MutexLock lock(&mutex_);
  while (!cancelled_) {
    if (changed_.WaitWithDeadline(&mutex_, until)) return true;
  }
  return false;
}

bool Acknowledger::cancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

}  // namespace tasker::sinks
