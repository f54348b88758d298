#include "service/templates/scan_schedule.h"

#include <algorithm>

namespace tasker::service {
namespace {

// A look rests so many times as long as it took.
constexpr int kRestFactor = 9;

}  // namespace

void ScanSchedule::OnChange(Time now) {
  if (!first_change_) first_change_ = now;
  last_change_ = now;
}

void ScanSchedule::OnStoreBack(Time now) {
  due_ = std::min(due_.value_or(now), now);
  retry_ = kRetryFirst;
}

void ScanSchedule::OnLooked(Time now, const Looked& looked) {
  first_change_.reset();
  due_.reset();
  const auto look_after = [&](Duration wait) {
    due_ = std::min(due_.value_or(now + wait), now + wait);
  };
  if (rescan_ > Duration::zero()) look_after(rescan_);
  if (looked.unsettled) look_after(kQuiet);
  if (looked.not_stored) {
    look_after(retry_);
    retry_ = std::min(2 * retry_, kRetryMax);
  } else {
    retry_ = kRetryFirst;
  }
  rested_ = now + std::min(kRestFactor * looked.took, kRestMax);
}

std::optional<ScanSchedule::Time> ScanSchedule::Next() const {
  std::optional<Time> next = due_;
  if (first_change_) {
    const Time over = std::min(last_change_ + kQuiet, *first_change_ + kBurstMax);
    next = std::min(next.value_or(over), over);
  }
  if (next) next = std::max(*next, rested_);
  return next;
}

}  // namespace tasker::service
