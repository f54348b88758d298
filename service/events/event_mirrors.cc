#include "service/events/event_mirrors.h"

#include <array>

#include "engine/events/event_names.h"

namespace tasker::service {
namespace {

namespace names = engine::event_names;

constexpr std::array<std::string_view, 1> kTaskStarted = {"workflow.task_started"};
constexpr std::array<std::string_view, 1> kTaskCompleted = {"workflow.task_completed"};
constexpr std::array<std::string_view, 1> kTaskFailed = {"workflow.task_failed"};
constexpr std::array<std::string_view, 1> kStepCompleted = {"workflow.step_completed"};
constexpr std::array<std::string_view, 1> kStepFailed = {"workflow.step_failed"};

}  // namespace

std::span<const std::string_view> MirrorsOf(std::string_view event_name) {
  if (event_name == names::kStepCompleted) return kStepCompleted;
  if (event_name == names::kStepFailed) return kStepFailed;
  if (event_name == names::kTaskStartRequested) return kTaskStarted;
  if (event_name == names::kTaskCompleted) return kTaskCompleted;
  if (event_name == names::kTaskFailed) return kTaskFailed;
  return {};
}

}  // namespace tasker::service
