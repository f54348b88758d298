#include "tests/cpp_client/fake_stream.h"

#include <algorithm>
#include <stdexcept>

namespace tasker::client {
namespace {

bool IsRegisterAlone(const v1::ConnectRequest& message) {
  return message.has_register_() && message.results().empty() && !message.has_heartbeat() &&
         !message.has_drain();
}

}  // namespace

void AwaitOrThrow(absl::Mutex& mutex, const std::function<bool()>& condition, const char* what) {
  const auto holds = [](const std::function<bool()>* test) { return (*test)(); };
  if (!mutex.AwaitWithTimeout(absl::Condition(+holds, &condition), absl::Seconds(30))) {
    throw std::runtime_error(std::string("waited in vain for ") + what);
  }
}

void FakeStream::Await(const std::function<bool()>& condition, const char* what) {
  AwaitOrThrow(mutex_, condition, what);
}

v1::Register FakeStream::AwaitRegister() {
  absl::MutexLock lock(&mutex_);
  Await([this] { return !received_.empty(); }, "register");
  return received_.front().register_();
}

void FakeStream::SendRegistered(v1::Registered registered) {
  v1::ConnectResponse message;
  *message.mutable_registered() = std::move(registered);
  Send(message);
}

void FakeStream::Send(const v1::ConnectResponse& message) {
  absl::MutexLock lock(&mutex_);
  outgoing_.push_back(message);
  WriteOrFinish();
}

void FakeStream::Assign(const v1::Assignment& assignment) {
  v1::ConnectResponse message;
  *message.add_assignments() = assignment;
  Send(message);
}

void FakeStream::Acknowledge(const std::string& token, v1::AcknowledgementOutcome outcome) {
  v1::ConnectResponse message;
  message.add_acknowledgements()->set_token(token);
  message.mutable_acknowledgements(0)->set_outcome(outcome);
  Send(message);
}

void FakeStream::Cancel(const std::string& token, bool superseded) {
  v1::ConnectResponse message;
  message.add_cancellations()->set_token(token);
  message.mutable_cancellations(0)->set_reason("the test says so");
  message.mutable_cancellations(0)->set_superseded(superseded);
  Send(message);
}

void FakeStream::Drain() {
  v1::ConnectResponse message;
  message.mutable_drain()->set_reason("the test says so");
  Send(message);
}

void FakeStream::End(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  EndLocked(status);
}

v1::StepResult FakeStream::AwaitResult(const std::string& token) {
  std::optional<v1::StepResult> found;
  const auto is_there = [this, &token, &found]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const v1::ConnectRequest& message : received_) {
      for (const v1::StepResult& result : message.results()) {
        if (result.token() == token && !found) found = result;
      }
    }
    return found.has_value();
  };
  absl::MutexLock lock(&mutex_);
  Await(is_there, ("the result of " + token).c_str());
  return *found;
}

v1::Heartbeat FakeStream::AwaitHeartbeatOf(const std::vector<std::string>& tokens) {
  v1::Heartbeat found;
  const auto is_there = [this, &tokens, &found]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const v1::ConnectRequest& message : received_) {
      const auto& named = message.heartbeat().tokens();
      const auto names = [&named](const std::string& token) {
        return std::find(named.begin(), named.end(), token) != named.end();
      };
      if (!std::all_of(tokens.begin(), tokens.end(), names)) continue;
      found = message.heartbeat();
      return true;
    }
    return false;
  };
  absl::MutexLock lock(&mutex_);
  Await(is_there, "a heartbeat");
  return found;
}

v1::ConnectRequest FakeStream::AwaitMessage(
    const std::function<bool(const v1::ConnectRequest&)>& condition, const char* what) {
  std::optional<v1::ConnectRequest> found;
  const auto is_there = [this, &condition, &found]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (std::size_t i = 1; i < received_.size() && !found; ++i) {
      if (condition(received_[i])) found = received_[i];
    }
    return found.has_value();
  };
  absl::MutexLock lock(&mutex_);
  Await(is_there, what);
  return *found;
}

void FakeStream::AwaitDrain() {
  const auto is_there = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(received_.begin(), received_.end(),
                       [](const v1::ConnectRequest& message) { return message.has_drain(); });
  };
  absl::MutexLock lock(&mutex_);
  Await(is_there, "the handler's drain");
}

void FakeStream::AwaitHalfClose() {
  absl::MutexLock lock(&mutex_);
  Await([this] { return half_closed_; }, "the handler to close its side");
}

void FakeStream::AwaitDone() {
  absl::MutexLock lock(&mutex_);
  Await([this] { return done_; }, "the call to end");
}

bool FakeStream::half_closed() {
  absl::MutexLock lock(&mutex_);
  return half_closed_;
}

std::vector<v1::ConnectRequest> FakeStream::messages() {
  absl::MutexLock lock(&mutex_);
  if (received_.empty()) return {};
  return {received_.begin() + 1, received_.end()};
}

void FakeStream::OnReadDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  if (!ok) {
    half_closed_ = true;
    return;
  }
  const bool is_first = received_.empty();
  if (is_first ? !IsRegisterAlone(incoming_) : incoming_.has_register_()) {
    EndLocked({grpc::StatusCode::INVALID_ARGUMENT, "register comes first, alone, and once"});
  }
  received_.push_back(incoming_);
  StartRead(&incoming_);
}

void FakeStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  outgoing_.pop_front();
  if (!ok) outgoing_.clear();
  WriteOrFinish();
}

void FakeStream::OnDone() {
  absl::MutexLock lock(&mutex_);
  done_ = true;
}

void FakeStream::WriteOrFinish() {
  if (writing_ || finished_) return;
  if (!outgoing_.empty()) {
    writing_ = true;
    StartWrite(&outgoing_.front());
  } else if (end_) {
    finished_ = true;
    Finish(*end_);
  }
}

void FakeStream::EndLocked(const grpc::Status& status) {
  if (!end_) end_ = status;
  WriteOrFinish();
}

v1::Registered AllFeatures() {
  v1::Registered registered;
  for (int feature = v1::ProtocolFeature_MIN + 1; feature <= v1::ProtocolFeature_MAX; ++feature) {
    registered.add_features(static_cast<v1::ProtocolFeature>(feature));
  }
  return registered;
}

v1::Assignment MakeAssignment(const std::string& token, const std::string& handler_class,
                              const std::string& context) {
  v1::Assignment assignment;
  assignment.set_token(token);
  assignment.set_task_id("11111111-2222-4333-8444-555555555555");
  assignment.set_task_name("order_process");
  assignment.set_namespace_("default");
  assignment.set_version("0.1.0");
  assignment.set_step_id("11111111-2222-4333-8444-555555555555.1");
  assignment.set_step_name("the_step");
  assignment.set_handler_class(handler_class);
  assignment.set_context(context);
  assignment.set_attempt_number(1);
  assignment.set_retry_limit(3);
  return assignment;
}

}  // namespace tasker::client
