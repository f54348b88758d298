#include "clients/cpp/src/session.h"

#include <algorithm>
#include <iostream>
#include <string_view>
#include <utility>

#include <grpc/support/time.h>

#include "clients/cpp/src/channel.h"
#include "clients/cpp/src/duration.h"
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
// The status follows the last message at once, unless the service does not know that it was the
// last.
constexpr std::chrono::seconds kStatusMax{1};
// An attempt's heartbeats are so much more frequent than it asks, since two may be late.
constexpr int kHeartbeatsInTimeout = 3;
// More frequent ones would be a load without use.
constexpr std::chrono::milliseconds kHeartbeatMin{10};
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

StepOutcome OutcomeOf(const v1::StepResult& result) {
  if (result.has_success()) return StepOutcome::kSuccess;
  if (result.has_deferred()) return StepOutcome::kDeferred;
  if (result.failure().business()) return StepOutcome::kBusinessError;
  const bool permanent = result.failure().has_retryable() && !result.failure().retryable();
  return permanent ? StepOutcome::kPermanentFailure : StepOutcome::kRetryableFailure;
}

}  // namespace

Session::Session(const WorkerOptions& options, const std::vector<std::string>& addresses,
                 const HandlerRegistry& registry, const Sequence::TaskReader& reader)
    : options_(options),
      addresses_(addresses),
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

absl::Status Session::Run(std::shared_ptr<grpc::ChannelCredentials> credentials) {
  credentials_ = std::move(credentials);
  // Many workers that start at once spread over the addresses.
  address_index_ = absl::Uniform<std::size_t>(random_, 0, addresses_.size());
  if (options_.threads > 0) {
    // Of more assignments than were asked for, no more are worked on.
    pool_ = std::make_unique<HandlerPool>(
        std::min(options_.threads, options_.concurrency),
        [this](Attempt* attempt) { inbox_.PostFinished(attempt, Perform(*attempt)); });
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
  drain_sent_ = false;
  service_drains_ = false;
  heartbeat_due_ = false;
  unconfirmed_.clear();
  token_to_send_.clear();
  held_.ResendAll();
  absl::StatusOr<std::string> token = CurrentToken(options_.token);
  if (!token.ok()) {
    Disconnected(token.status());
    return;
  }
  token_ = *std::move(token);
  phase_ = Phase::kRegistering;
  phase_until_ = Clock::now() + kAnswerMax;
  connection_ = std::make_unique<Connection>(OpenChannel(address(), credentials_), token_, queue_);
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
    case Connection::Progress::kBroken:
      phase_until_ = std::min(phase_until_, Clock::now() + kStatusMax);
      break;
    case Connection::Progress::kEnded:
      OnEnded(connection_->status());
      break;
  }
}

void Session::OnMessage(v1::ConnectResponse& message) {
  if (phase_ == Phase::kRegistering) {
    if (!message.has_registered()) {
      Log(LogLevel::kWarning, "the service's first message does not answer `register`");
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
      Drop(cancellation.token(), cancellation.reason());
    } else {
      held_.Cancel(cancellation.token(), cancellation.reason());
    }
  }
  if (message.has_drain()) {
    Log(LogLevel::kInfo, stopping_ ? "the service has answered the drain" : "the service drains",
        {{"reason", message.drain().reason()}});
    service_drains_ = true;
  }
}

void Session::OnRegistered(const v1::Registered& registered) {
  credits_ =
      static_cast<std::int64_t>(options_.concurrency) - static_cast<std::int64_t>(held_.size());
  credits_sent_ = -1;
  for (const std::string& token : registered.stale_tokens()) {
    Drop(token, "the service has handed it out anew");
  }
  features_ = Features(registered);
  held_.ForEachResult([this](v1::StepResult& result) { Reduce(features_, result); });
  heartbeat_interval_ = FromProto(registered.heartbeat_interval());
  if (heartbeat_interval_.count() <= 0) heartbeat_interval_ = kHeartbeatDefault;
  heartbeat_every_ = heartbeat_interval_;
  heartbeat_at_ = Clock::now() + heartbeat_interval_;
  QuickenHeartbeat(held_.ShortestHeartbeatTimeout());
  payload_bytes_max_ = registered.payload_bytes_max();
  backoff_.Reset();
  phase_ = Phase::kServing;
  phase_until_ = Time::max();
  Log(LogLevel::kInfo, "connected",
      {{"held", std::to_string(held_.size())}, {"service_version", registered.service_version()}});
  if (options_.metrics.connected) options_.metrics.connected(address());
}

bool Session::EndsRun(absl::StatusCode code) const {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return true;
    case absl::StatusCode::kUnauthenticated:
      return !options_.token.can_change();
    default:
      return false;
  }
}

void Session::OnEnded(const grpc::Status& status) {
  const bool had_registered = phase_ == Phase::kServing || phase_ == Phase::kClosing;
  // A copy: the status is the connection's.
  const absl::Status why = ToAbslStatus(status);
  connection_.reset();
  if (had_registered && options_.metrics.disconnected) options_.metrics.disconnected(address());
  Disconnected(why);
}

void Session::Disconnected(const absl::Status& status) {
  phase_ = Phase::kDown;
  heartbeat_at_ = Time::max();
  if (EndsRun(status.code())) {
    outcome_ = status;
    return;
  }
  if (stopping_ && held_.empty()) {
    outcome_ = absl::OkStatus();
    return;
  }
  const auto delay = backoff_.Next(absl::Uniform(random_, 0.0, 1.0));
  phase_until_ = Clock::now() + delay;
  Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "disconnected; connects again",
      {{"status", status.ToString()}, {"in_ms", std::to_string(delay.count())}});
  address_index_ = (address_index() + 1) % addresses_.size();
}

void Session::OnInbox() {
  inbox_.Take(posted_);
  if (!posted_.reports.empty()) {
    const bool progress = features_.Has(v1::PROTOCOL_FEATURE_PROGRESS);
    for (auto& [token, report] : posted_.reports) {
      if (!progress) report.progress.reset();
      if (report.checkpoint || report.progress) held_.Report(token, std::move(report));
    }
    posted_.reports.clear();
  }
  for (FinishedAttempt& done : posted_.finished) Finish(done.attempt, std::move(done.result));
  if (posted_.stop && !stopping_) {
    stopping_ = true;
    drain_until_ = Clock::now() + options_.drain_max;
    Log(LogLevel::kInfo, "stops; finishes what it holds", {{"held", std::to_string(held_.size())}});
  }
}

void Session::OnTime(Time now) {
  if (outcome_) return;
  const bool connected = connection_ != nullptr && connection_->started();
  if (stopping_ && held_.empty() && !connected) {
    outcome_ = absl::OkStatus();
    return;
  }
  if (now >= drain_until_) {
    // Nothing is lost if the service merely does not say that it has heard of the end.
    outcome_ = held_.empty()
                   ? absl::OkStatus()
                   : absl::DeadlineExceededError("stopped with " + std::to_string(held_.size()) +
                                                 " steps whose results are not stored");
    return;
  }
  if (now >= heartbeat_at_) OnHeartbeat(now);
  if (now < phase_until_) return;
  if (phase_ == Phase::kDown) {
    Connect();
  } else {
    Log(LogLevel::kWarning, "the service does not answer");
    phase_until_ = Time::max();
    connection_->Abort();
  }
}

void Session::OnHeartbeat(Time now) {
  heartbeat_due_ = !held_.empty();
  if (heartbeat_every_ != heartbeat_interval_) {
    // Those that asked for more may have ended.
    heartbeat_every_ = heartbeat_interval_;
    QuickenHeartbeat(held_.ShortestHeartbeatTimeout());
  }
  heartbeat_at_ = now + heartbeat_every_;
  RefreshToken();
}

void Session::QuickenHeartbeat(std::chrono::nanoseconds heartbeat_timeout) {
  if (heartbeat_timeout.count() <= 0) return;
  const std::chrono::nanoseconds every =
      std::max<std::chrono::nanoseconds>(heartbeat_timeout / kHeartbeatsInTimeout, kHeartbeatMin);
  if (every >= heartbeat_every_) return;
  heartbeat_every_ = every;
  heartbeat_at_ = std::min(heartbeat_at_, Clock::now() + every);
}

void Session::RefreshToken() {
  if (!options_.token.can_change() || !features_.Has(v1::PROTOCOL_FEATURE_TOKEN_REFRESH)) return;
  absl::StatusOr<std::string> token = CurrentToken(options_.token);
  if (!token.ok()) {
    Log(LogLevel::kWarning, "keeps its access token", {{"status", token.status().ToString()}});
  } else if (!token->empty() && *token != token_) {
    token_ = *std::move(token);
    token_to_send_ = token_;
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
  registry_.Describe(options_.namespace_name, registration);
  registration.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
  held_.AppendTokens(*registration.mutable_held_tokens());
  // Without threads of its own, what arrives is done before anything can be sent.
  registration.set_confirms_assignments(pool_ != nullptr);
  NameAll(registration);
  connection_->Write(request_);
}

bool Session::HasSomethingToSend() const {
  const bool credits = features_.Has(v1::PROTOCOL_FEATURE_CREDITS) && !stopping_ &&
                       std::max<std::int64_t>(credits_, 0) != credits_sent_;
  return credits || heartbeat_due_ || held_.has_unsent() || held_.has_reports() ||
         !unconfirmed_.empty() || !token_to_send_.empty() || (stopping_ && !drain_sent_);
}

void Session::SendWhatIsReady() {
  if (phase_ != Phase::kServing || !connection_->writable()) return;
  if (!HasSomethingToSend()) {
    CloseIfDone();
    return;
  }
  request_.Clear();
  credits_ += static_cast<std::int64_t>(held_.TakeUnsent(kMessageBytes, request_));
  if (held_.has_reports()) held_.TakeReports(kMessageBytes, *request_.mutable_heartbeat());
  if (heartbeat_due_) held_.AppendTokens(*request_.mutable_heartbeat()->mutable_tokens());
  if (stopping_ && !drain_sent_) {
    request_.mutable_drain()->set_reason("the handler service stops");
    drain_sent_ = true;
  }
  for (std::string& token : unconfirmed_) request_.add_confirmed_tokens(std::move(token));
  // One that stops asks for no more.
  if (features_.Has(v1::PROTOCOL_FEATURE_CREDITS) && !stopping_) {
    const std::int64_t credits = std::max<std::int64_t>(credits_, 0);
    if (credits != credits_sent_) request_.set_credits(static_cast<std::uint64_t>(credits));
    credits_sent_ = credits;
  }
  if (!token_to_send_.empty()) request_.set_access_token(std::move(token_to_send_));
  token_to_send_.clear();
  unconfirmed_.clear();
  heartbeat_due_ = false;
  connection_->Write(request_);
}

void Session::CloseIfDone() {
  // A service of the protocol's first version does not answer a drain.
  const bool drained = service_drains_ || (stopping_ && features_.none());
  if (!drained || !held_.empty()) return;
  connection_->HalfClose();
  phase_ = Phase::kClosing;
  phase_until_ = Clock::now() + kAnswerMax;
}

void Session::Start(v1::Assignment assignment) {
  const Work work = registry_.Find(assignment);
  if (pool_ != nullptr) unconfirmed_.push_back(assignment.token());
  Attempt* const attempt =
      held_.Add(std::make_unique<Attempt>(std::move(assignment), work, reader_, &inbox_));
  if (attempt == nullptr) return;
  QuickenHeartbeat(attempt->heartbeat_timeout());
  if (pool_ != nullptr) {
    pool_->Submit(attempt);
  } else {
    Finish(attempt, Perform(*attempt));
  }
}

v1::StepResult Session::Perform(Attempt& attempt) const {
  const WorkerMetrics& metrics = options_.metrics;
  if (metrics.step_started) metrics.step_started(attempt.handler_class());
  if (!metrics.step_finished) return attempt.Perform();
  const Time begin = Clock::now();
  v1::StepResult result = attempt.Perform();
  metrics.step_finished(attempt.handler_class(), OutcomeOf(result), Clock::now() - begin);
  return result;
}

void Session::Finish(Attempt* attempt, v1::StepResult result) {
  const std::size_t size = result.success().results().size();
  if (payload_bytes_max_ > 0 && size > payload_bytes_max_) {
    *result.mutable_failure() = OversizedResultsFailure(size, payload_bytes_max_);
  }
  // Without a connection, the next says what it takes.
  if (phase_ == Phase::kServing && Reduce(features_, result)) {
    Log(LogLevel::kWarning, "the service knows no events of handlers; some are left out",
        {{"handler_class", attempt->handler_class()}});
  }
  held_.Finish(attempt, std::move(result));
}

void Session::Drop(const std::string& token, const std::string& reason) {
  if (held_.Abandon(token, reason)) ++credits_;
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

void Session::Log(LogLevel level, const std::string& message, Fields fields) const {
  fields.insert(fields.begin(), {{"worker", options_.name}, {"address", address()}});
  const LogRecord record{level, message, fields};
  if (options_.log_hook) options_.log_hook(record);
  if (options_.log) options_.log("tasker worker: " + LogLine(record));
  if (!options_.log_hook && !options_.log) std::cerr << "tasker worker: " + LogLine(record) + "\n";
}

}  // namespace tasker::client
