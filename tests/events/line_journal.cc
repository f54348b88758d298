#include "tests/events/line_journal.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace tasker::events_test {

std::int64_t MonotonicNanos() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

LineJournal::LineJournal(const std::string& path)
    : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (file_ >= 0) return;
  std::fprintf(stderr, "%s: %s\n", path.c_str(), std::strerror(errno));
  std::exit(2);
}

LineJournal::~LineJournal() {
  Write();
  ::close(file_);
}

void LineJournal::Add(std::string_view text) {
  lines_.append(std::to_string(MonotonicNanos())).append(" ").append(text).append("\n");
}

void LineJournal::Write() {
  std::string_view left = lines_;
  while (!left.empty()) {
    const ssize_t written = ::write(file_, left.data(), left.size());
    if (written < 0 && errno != EINTR) {
      std::perror("journal");
      std::exit(2);
    }
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
  }
  lines_.clear();
}

}  // namespace tasker::events_test
