// How long to wait before the next try to connect.
#pragma once

#include <algorithm>
#include <chrono>

namespace tasker::client {

// Doubles from 50 ms to 5 s. The random draw is handed in; it spreads the tries of many clients
// that lost the same service at the same instant.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{50};
  static constexpr std::chrono::milliseconds kMax{5000};

  // The next delay: 80 to 120 % of the step reached, never over kMax. `unit_draw` in [0, 1).
  std::chrono::milliseconds Next(double unit_draw) {
    const double factor = 0.8 + 0.4 * unit_draw;
    const auto delay = std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(step_.count()) * factor));
    step_ = std::min(step_ * 2, kMax);
    return std::min(delay, kMax);
  }

  // A try went well.
  void Reset() { step_ = kFirst; }

 private:
  std::chrono::milliseconds step_ = kFirst;
};

}  // namespace tasker::client
