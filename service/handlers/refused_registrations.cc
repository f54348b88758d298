#include "service/handlers/refused_registrations.h"

#include "service/events/registry_events.h"

namespace tasker::service {
namespace {

constexpr engine::Duration kLeastInterval = std::chrono::seconds(1);

}  // namespace

void RefusedRegistrations::Add(const v1::Register& asked, const absl::Status& why,
                               engine::Timestamp now) {
  if (const auto passed_over = Turn(now)) publish_(HandlerRefused(asked, why, *passed_over, now));
}

std::optional<std::uint64_t> RefusedRegistrations::Turn(engine::Timestamp now) {
  absl::MutexLock lock(&mutex_);
  // A clock that was set back must not silence it.
  const bool too_soon =
      told_at_ != engine::kNever && now >= told_at_ && now - told_at_ < kLeastInterval;
  if (too_soon) {
    ++passed_over_;
    return std::nullopt;
  }
  told_at_ = now;
  return std::exchange(passed_over_, 0);
}

}  // namespace tasker::service
