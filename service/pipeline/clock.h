// The only place where the service reads the time of day for the engine.
#pragma once

#include "engine/model/time.h"

namespace tasker::service {

// Now, to the microsecond. May go back when the machine's clock is set.
inline engine::Timestamp ReadClock() {
  return std::chrono::time_point_cast<engine::Duration>(std::chrono::system_clock::now());
}

// Now, but never earlier than before: what the engine asks for. One owner.
class SteadyWallClock {
 public:
  engine::Timestamp Now() { return last_ = std::max(last_, ReadClock()); }

 private:
  engine::Timestamp last_;
};

}  // namespace tasker::service
