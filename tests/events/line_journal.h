// What a process was told and did, a line each, kept also when it is killed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tasker::events_test {

// Nanoseconds of a clock that all processes of the machine share and nobody sets.
std::int64_t MonotonicNanos();

// Collects lines and writes them with one call. For one thread.
class LineJournal {
 public:
  // Ends the process if it cannot be opened: then there is nothing to test.
  explicit LineJournal(const std::string& path);
  ~LineJournal();
  LineJournal(const LineJournal&) = delete;
  LineJournal& operator=(const LineJournal&) = delete;

  // `text` without its end of line; the time comes before it.
  void Add(std::string_view text);
  // Everything so far outlives the process from here on.
  void Write();

 private:
  int file_;
  std::string lines_;
};

}  // namespace tasker::events_test
