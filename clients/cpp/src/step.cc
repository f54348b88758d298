#include "tasker/client/step.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"

#include "clients/cpp/src/base64url.h"
#include "clients/cpp/src/duration.h"
#include "clients/cpp/src/event_check.h"
#include "clients/cpp/src/json_text.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

Step::Step(v1::Assignment& assignment, StepReporter* reporter)
    : assignment_(assignment),
      reporter_(reporter),
      handler_config_(std::move(*assignment.mutable_handler_config()), "handler_config"),
      item_(std::move(*assignment.mutable_item()), "the item"),
      checkpoint_(std::move(*assignment.mutable_checkpoint()), "the checkpoint"),
      ends_at_(assignment.has_start_to_close()
                   ? std::optional(std::chrono::steady_clock::now() +
                                   FromProto(assignment.start_to_close()))
                   : std::nullopt) {}

const std::string& Step::id() const { return assignment_.step_id(); }
const std::string& Step::name() const { return assignment_.step_name(); }
const std::string& Step::handler_class() const { return assignment_.handler_class(); }
std::uint32_t Step::attempt_number() const { return assignment_.attempt_number(); }
std::uint32_t Step::retry_limit() const { return assignment_.retry_limit(); }
const std::string& Step::traceparent() const { return assignment_.traceparent(); }
const std::string& Step::tracestate() const { return assignment_.tracestate(); }

std::optional<std::uint32_t> Step::item_index() const {
  return assignment_.has_item_index() ? std::optional(assignment_.item_index()) : std::nullopt;
}

void Step::checkpoint(const Json& value) const {
  std::string text;
  try {
    text = PrintJson(value);
  } catch (const NotJsonError& error) {
    throw InvalidCheckpointError(std::string("the checkpoint is not JSON: ") + error.what());
  }
  if (text.size() > kCheckpointBytesMax) {
    throw InvalidCheckpointError("the checkpoint has " + std::to_string(text.size()) +
                                 " bytes; at most " + std::to_string(kCheckpointBytesMax) +
                                 " are allowed");
  }
  if (reporter_ != nullptr) reporter_->ReportCheckpoint(assignment_.token(), std::move(text));
}

void Step::progress(std::optional<double> fraction, std::string message) const {
  // Neither is worth a failure: it is for people.
  if (fraction && !(*fraction >= 0)) fraction = std::nullopt;
  if (fraction) fraction = std::min(*fraction, 1.0);
  if (reporter_ != nullptr) {
    reporter_->ReportProgress(assignment_.token(), fraction, std::move(message));
  }
}

std::string Step::cancel_reason() const {
  absl::MutexLock lock(&mutex_);
  return cancel_reason_;
}

bool Step::wait_cancelled(std::chrono::nanoseconds time) const {
  absl::MutexLock lock(&mutex_);
  const auto is_cancelled = [](const std::atomic<bool>* flag) { return flag->load(); };
  return mutex_.AwaitWithTimeout(absl::Condition(+is_cancelled, &cancelled_),
                                 absl::FromChrono(time));
}

void Step::throw_if_cancelled() const {
  if (!cancelled()) return;
  const std::string reason = cancel_reason();
  throw CancelledError(reason.empty() ? "cancelled" : "cancelled: " + reason);
}

void Step::Cancel(std::string reason) {
  absl::MutexLock lock(&mutex_);
  // The first reason is the one that the handler acts on.
  if (!cancelled_.load()) cancel_reason_ = std::move(reason);
  cancelled_.store(true, std::memory_order_release);
}

std::optional<std::chrono::nanoseconds> Step::time_left() const {
  if (!ends_at_) return std::nullopt;
  const std::chrono::nanoseconds left = *ends_at_ - std::chrono::steady_clock::now();
  return std::max(left, std::chrono::nanoseconds::zero());
}

std::string Step::token() const { return ToBase64Url(assignment_.token()); }

void Step::publish(std::string name, const Json& payload) const {
  std::string text = CheckedEventPayload(name, payload);
  if (effects_.events.size() >= kEventsMax) {
    throw InvalidEventError("an attempt may publish at most " + std::to_string(kEventsMax) +
                            " events");
  }
  effects_.events.push_back({std::move(name), std::move(text)});
}

void Step::defer(std::optional<std::chrono::milliseconds> timeout) const {
  effects_.deferred = true;
  effects_.defer_timeout = timeout;
}

}  // namespace tasker::client
