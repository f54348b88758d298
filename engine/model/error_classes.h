// Error classes of failures that the engine itself tells of. Meanings: tasker/v1/task.proto.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tasker/v1/task.pb.h"

namespace tasker::engine {

inline constexpr std::string_view kHandlerLost = "Tasker::HandlerLost";
inline constexpr std::string_view kScheduleToStartTimeout = "Tasker::ScheduleToStartTimeout";
inline constexpr std::string_view kStartToCloseTimeout = "Tasker::StartToCloseTimeout";
inline constexpr std::string_view kHeartbeatTimeout = "Tasker::HeartbeatTimeout";
inline constexpr std::string_view kTaskDeadlineExceeded = "Tasker::TaskDeadlineExceeded";
inline constexpr std::string_view kSignalTimeout = "Tasker::SignalTimeout";
inline constexpr std::string_view kDeferredTimeout = "Tasker::DeferredTimeout";
inline constexpr std::string_view kInvalidEvent = "Tasker::InvalidEvent";
inline constexpr std::string_view kInvalidContext = "Tasker::InvalidContext";
inline constexpr std::string_view kInvalidResults = "Tasker::InvalidResults";
inline constexpr std::string_view kInvalidCheckpoint = "Tasker::InvalidCheckpoint";
inline constexpr std::string_view kInputTooLarge = "Tasker::InputTooLarge";
inline constexpr std::string_view kInvalidChoice = "Tasker::InvalidChoice";
inline constexpr std::string_view kExpressionError = "Tasker::ExpressionError";
inline constexpr std::string_view kSubTaskFailed = "Tasker::SubTaskFailed";
inline constexpr std::string_view kItemsFailed = "Tasker::ItemsFailed";

inline v1::Failure MakeFailure(std::string_view error_class, std::string message,
                               bool retryable = true) {
  v1::Failure failure;
  failure.set_error_class(std::string(error_class));
  failure.set_message(std::move(message));
  if (!retryable) failure.set_retryable(false);
  return failure;
}

}  // namespace tasker::engine
