#include "service/handlers/result_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include <google/protobuf/util/time_util.h>

#include "config/utf8.h"
#include "engine/model/error_classes.h"
#include "service/events/custom_event_check.h"
#include "service/payloads/json_check.h"

namespace tasker::service {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kCutMark[] = " [cut]";

// Cuts `text` to `bytes_max`, never in the middle of a UTF-8 sequence.
void Cut(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  text.resize(config::CharacterStart(text, bytes_max - (sizeof(kCutMark) - 1)));
  text.append(kCutMark);
}

// Details are for programs: cut off, they would be of no use.
absl::Status CheckDetails(const v1::Failure& failure, const StreamLimits& limits) {
  if (failure.details().empty()) return absl::OkStatus();
  return CheckJson(failure.details(), JsonKind::kObject, limits.details_bytes_max,
                   "failure.details");
}

absl::Status TakeEvents(v1::StepResult& result, const StreamLimits& limits, TakenResult& taken) {
  if (result.events_size() > limits.events_per_result_max) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "events: ", result.events_size(), " are over the limit of ", limits.events_per_result_max));
  }
  for (int i = 0; i < result.events_size(); ++i) {
    v1::CustomEvent& event = *result.mutable_events(i);
    absl::StatusOr<engine::PublishedEvent> checked = CheckCustomEvent(
        event.name(), std::move(*event.mutable_payload()), absl::StrCat("events[", i, "]"));
    if (!checked.ok()) return checked.status();
    taken.events.push_back(*std::move(checked));
  }
  return absl::OkStatus();
}

}  // namespace

std::variant<TakenResult, ResultFault> TakeResult(v1::StepResult& result,
                                                  const StreamLimits& limits) {
  TakenResult taken;
  if (absl::Status events = TakeEvents(result, limits, taken); !events.ok()) {
    return ResultFault{engine::kInvalidEvent, std::move(events)};
  }
  if (result.has_deferred()) {
    const std::int64_t timeout = TimeUtil::DurationToMicroseconds(result.deferred().timeout());
    taken.outcome = engine::Duration(std::max<std::int64_t>(timeout, 0));
    return taken;
  }
  if (result.has_failure()) {
    v1::Failure& failure = *result.mutable_failure();
    if (absl::Status details = CheckDetails(failure, limits); !details.ok()) {
      return ResultFault{engine::kInvalidResults, std::move(details)};
    }
    Cut(*failure.mutable_error_class(), limits.error_class_bytes_max);
    Cut(*failure.mutable_message(), limits.error_message_bytes_max);
    Cut(*failure.mutable_backtrace(), limits.backtrace_bytes_max);
    taken.outcome = std::move(failure);
    return taken;
  }
  std::string& results = *result.mutable_success()->mutable_results();
  if (results.empty()) results = "{}";
  if (absl::Status json = CheckJson(results, JsonKind::kAny, limits.payload_bytes_max, "results");
      !json.ok()) {
    return ResultFault{engine::kInvalidResults, std::move(json)};
  }
  taken.outcome = engine::MakePayload(std::move(results));
  return taken;
}

v1::Failure FailureOf(const ResultFault& fault) {
  // What is too long will be again; a broken encoding may have been an accident.
  return engine::MakeFailure(fault.error_class, std::string(fault.why.message()),
                             !absl::IsResourceExhausted(fault.why));
}

}  // namespace tasker::service
