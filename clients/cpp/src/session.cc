#include "clients/cpp/src/session.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include <grpc/support/time.h>

#include "clients/cpp/src/channel.h"
#include "clients/cpp/src/failure.h"

namespace tasker::client {
namespace {

constexpr char kSdkName[] = "tasker-cpp";
constexpr char kSdkVersion[] = "0.1.0";

// A message takes no further result once it is this large. It keeps latency even, and messages far
// from where copying them hurts.
constexpr std::size_t kMessageBytes = 1u << 20;
// A service that accepts a call but does not answer `register`, or does not end a call whose sides
// are closed, is not waited for longer.
constexpr std::chrono::seconds kAnswerMax{10};
// For a service that names none.
constexpr std::chrono::seconds kHeartbeatDefault{10};

gpr_timespec GrpcTime(std::chrono::steady_clock::time_point time) {
  if (time == std::chrono::steady_clock::time_point::max()) {
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  }
  const std::chrono::nanoseconds left = time - std::chrono::steady_clock::now();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(std::max<std::int64_t>(left.count(), 0), GPR_TIMESPAN));
}

std::string CodeAndMessage(const grpc::Status& status) { return ToAbslStatus(status).ToString(); }

}  // namespace

Session::Session(const WorkerOptions& options, const HandlerRegistry& registry,
                 const Sequence::TaskReader& reader)
    : options_(options),
      registry_(registry),
      reader_(reader),
      inbox_(queue_, TagOf(Operation::kWake)) {}

Session::~Session() {
  inbox_.Close();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  // gRPC wants a queue to be empty when it goes; what is left is a wake-up of the inbox.
  while (queue_.Next(&tag, &ok)) {
  }
}

absl::Status Session::Run() {
  if (options_.threads > 0) {
    pool_ = std::make_unique<HandlerPool>(options_.threads, [this](Attempt* attempt) {
      inbox_.PostFinished(attempt, attempt->Perform());
    });
  }
  phase_until_ = Clock::now();
  while (!outcome_) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, GrpcTime(NextDeadline())) == grpc::CompletionQueue::GOT_EVENT) {
      OnOperation(OperationOf(tag), ok);
    }
    OnInbox();
    OnTime(Clock::now());
    SendWhatIsReady();
  }
  ShutDown();
  return *outcome_;
}

void Session::Connect() {
  phase_ = Phase::kRegistering;
  phase_until_ = Clock::now() + kAnswerMax;
  drain_sent_ = false;
  service_drains_ = false;
  heartbeat_due_ = false;
  unconfirmed_.clear();
  held_.ResendAll();
  connection_ =
      std::make_unique<Connection>(OpenChannel(options_.server, options_.credentials), queue_);
}

void Session::OnOperation(Operation operation, bool ok) {
  if (operation == Operation::kWake) {
    inbox_.Woken();
    return;
  }
  switch (connection_->Advance(operation, ok)) {
    case Connection::Progress::kNone:
      break;
    case Connection::Progress::kStarted:
      SendRegister();
      break;
    case Connection::Progress::kMessage:
      OnMessage(connection_->message());
      connection_->ReadNext();
      break;
    case Connection::Progress::kEnded:
      OnEnded(connection_->status());
      break;
  }
}

void Session::OnMessage(v1::ConnectResponse& message) {
  if (phase_ == Phase::kRegistering) {
    if (!message.has_registered()) {
      Log("the service's first message does not answer `register`; connecting again");
      connection_->Abort();
      return;
    }
    OnRegistered(message.registered());
  }
  for (const v1::Acknowledgement& done : message.acknowledgements()) {
    held_.Acknowledge(done.token());
  }
  for (v1::Assignment& assignment : *message.mutable_assignments()) Start(std::move(assignment));
  for (const v1::Cancellation& cancellation : message.cancellations()) {
    if (cancellation.superseded()) {
      held_.Abandon(cancellation.token());
    } else {
      held_.Cancel(cancellation.token());
    }
  }
  if (message.has_drain()) {
    Log("the service drains: " + message.drain().reason());
    service_drains_ = true;
  }
}

void Session::OnRegistered(const v1::Registered& registered) {
  for (const std::string& token : registered.stale_tokens()) held_.Abandon(token);
  const auto& interval = registered.heartbeat_interval();
  heartbeat_interval_ =
      std::chrono::seconds(interval.seconds()) + std::chrono::nanoseconds(interval.nanos());
  if (heartbeat_interval_.count() <= 0) heartbeat_interval_ = kHeartbeatDefault;
  heartbeat_at_ = Clock::now() + heartbeat_interval_;
  payload_bytes_max_ = registered.payload_bytes_max();
  backoff_.Reset();
  phase_ = Phase::kServing;
  phase_until_ = Time::max();
  Log("connected; holds " + std::to_string(held_.size()) + " steps from before");
}

void Session::OnEnded(grpc::Status status) {
  connection_.reset();
  phase_ = Phase::kDown;
  heartbeat_at_ = Time::max();
  const bool refused = status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
                       status.error_code() == grpc::StatusCode::ABORTED;
  if (refused) {
    outcome_ = ToAbslStatus(status);
    return;
  }
  if (stopping_ && held_.empty()) {
    outcome_ = absl::OkStatus();
    return;
  }
  const auto delay = backoff_.Next(absl::Uniform(random_, 0.0, 1.0));
  phase_until_ = Clock::now() + delay;
  Log("disconnected, " + CodeAndMessage(status) + "; connects again in " +
      std::to_string(delay.count()) + " ms");
}

void Session::OnInbox() {
  const bool stop = inbox_.Take(finished_);
  for (FinishedAttempt& done : finished_) Finish(done.attempt, std::move(done.result));
  if (stop && !stopping_) {
    stopping_ = true;
    drain_until_ = Clock::now() + options_.drain_max;
    Log("stops; finishes " + std::to_string(held_.size()) + " steps");
  }
}

void Session::OnTime(Time now) {
  if (outcome_) return;
  if (stopping_ && phase_ == Phase::kDown && held_.empty()) {
    outcome_ = absl::OkStatus();
    return;
  }
  if (now >= drain_until_) {
    outcome_ = absl::DeadlineExceededError("stopped with " + std::to_string(held_.size()) +
                                           " steps whose results are not stored");
    return;
  }
  if (now >= heartbeat_at_) {
    heartbeat_due_ = !held_.empty();
    heartbeat_at_ = now + heartbeat_interval_;
  }
  if (now < phase_until_) return;
  if (phase_ == Phase::kDown) {
    Connect();
  } else {
    Log("the service does not answer; connecting again");
    phase_until_ = Time::max();
    connection_->Abort();
  }
}

Session::Time Session::NextDeadline() const {
  return std::min({phase_until_, heartbeat_at_, drain_until_});
}

void Session::SendRegister() {
  request_.Clear();
  v1::Register& registration = *request_.mutable_register_();
  registration.set_name(options_.name);
  registration.set_instance_id(options_.instance_id);
  registration.set_sdk_name(kSdkName);
  registration.set_sdk_version(kSdkVersion);
  registration.set_concurrency(options_.concurrency);
  registry_.Describe(registration);
  registration.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
  held_.AppendTokens(*registration.mutable_held_tokens());
  // Without threads of its own, what arrives is done before anything can be sent.
  registration.set_confirms_assignments(pool_ != nullptr);
  connection_->Write(request_);
}

void Session::SendWhatIsReady() {
  if (phase_ != Phase::kServing || !connection_->writable()) return;
  const bool drain = stopping_ && !drain_sent_;
  if (!drain && !heartbeat_due_ && !held_.has_unsent() && unconfirmed_.empty()) {
    // When the service drains, what runs on here is sent over the next connection.
    if (service_drains_ || (stopping_ && held_.empty())) {
      connection_->HalfClose();
      phase_ = Phase::kClosing;
      phase_until_ = Clock::now() + kAnswerMax;
    }
    return;
  }
  request_.Clear();
  held_.TakeUnsent(kMessageBytes, request_);
  if (heartbeat_due_) held_.AppendTokens(*request_.mutable_heartbeat()->mutable_tokens());
  if (drain) request_.mutable_drain()->set_reason("the handler service stops");
  for (std::string& token : unconfirmed_) request_.add_confirmed_tokens(std::move(token));
  unconfirmed_.clear();
  heartbeat_due_ = false;
  drain_sent_ = drain_sent_ || drain;
  connection_->Write(request_);
}

void Session::Start(v1::Assignment assignment) {
  const Handler* const handler = registry_.Find(assignment);
  Attempt* const attempt =
      held_.Add(std::make_unique<Attempt>(std::move(assignment), handler, reader_));
  if (attempt == nullptr) return;
  if (pool_ != nullptr) {
    unconfirmed_.push_back(attempt->token());
    pool_->Submit(attempt);
  } else {
    Finish(attempt, attempt->Perform());
  }
}

void Session::Finish(Attempt* attempt, v1::StepResult result) {
  const std::size_t size = result.success().results().size();
  if (payload_bytes_max_ > 0 && size > payload_bytes_max_) {
    *result.mutable_failure() = OversizedResultsFailure(size, payload_bytes_max_);
  }
  held_.Finish(attempt, std::move(result));
}

void Session::ShutDown() {
  held_.AbandonAll();
  pool_.reset();
  inbox_.Close();
  // What is left under way must come back before its memory goes.
  if (connection_ != nullptr) connection_->Abort();
  void* tag = nullptr;
  bool ok = false;
  while (connection_ != nullptr && queue_.Next(&tag, &ok)) {
    const Operation operation = OperationOf(tag);
    if (operation == Operation::kWake) continue;
    const Connection::Progress progress = connection_->Advance(operation, ok);
    if (progress == Connection::Progress::kMessage) connection_->ReadNext();
    if (progress == Connection::Progress::kEnded) connection_.reset();
  }
  OnInbox();
}

void Session::Log(const std::string& line) const {
  const std::string full = "tasker worker " + options_.name + " (" + options_.server + "): " + line;
  if (options_.log) {
    options_.log(full);
  } else {
    std::cerr << full + "\n";
  }
}

}  // namespace tasker::client
