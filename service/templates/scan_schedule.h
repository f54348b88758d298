// When a folder is looked at again.
#pragma once

#include <chrono>
#include <optional>

namespace tasker::service {

// Pure: the time is handed in. A burst of changes leads to one look, once it is over or has lasted
// long enough; and however many changes there are, looking takes at most a tenth of a thread's
// time.
class ScanSchedule {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // A burst is over when nothing has changed for so long.
  static constexpr Duration kQuiet = std::chrono::milliseconds(50);
  // However long it goes on, it waits no longer.
  static constexpr Duration kBurstMax = std::chrono::milliseconds(500);
  // Nothing is looked at later than this after it is due, however long the last look took.
  static constexpr Duration kRestMax = std::chrono::seconds(30);
  // Before the first attempt to store again what could not be stored; twice as long before each
  // further one, up to the last.
  static constexpr Duration kRetryFirst = std::chrono::seconds(1);
  static constexpr Duration kRetryMax = std::chrono::seconds(30);

  // `rescan`: how long after a look the next comes though nothing was said to have changed; zero:
  // not at all.
  explicit ScanSchedule(Duration rescan) : rescan_(rescan) {}

  // Something has changed.
  void OnChange(Time now);
  // Look as soon as can be: what hindered storing is gone.
  void OnStoreBack(Time now);

  struct Looked {
    Duration took{};
    // Something could not be stored.
    bool not_stored = false;
    // Something was still being written.
    bool unsettled = false;
  };
  // A look has ended at `now`.
  void OnLooked(Time now, const Looked& looked);

  // When to look next; nullopt: when something changes.
  std::optional<Time> Next() const;

 private:
  const Duration rescan_;
  // Of the changes since the last look.
  std::optional<Time> first_change_;
  Time last_change_{};
  // For whatever other reason.
  std::optional<Time> due_;
  // Not before.
  Time rested_{};
  Duration retry_ = kRetryFirst;
};

}  // namespace tasker::service
