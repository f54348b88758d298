// A file of lines, appended to so that what was written is on the disk.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <sys/types.h>

namespace tasker::sinks {

// A descriptor of its own, closed at the end. One thread at a time.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }

 private:
  int value_;
};

// `what: path: why`, by errno.
absl::Status SystemError(std::string_view what, const std::string& path);

// Opens a file to append to; made, and its name synced, if there is none.
absl::StatusOr<Descriptor> OpenForAppending(const std::string& path);

// Whether `path` is still the file that is open.
bool IsStill(const Descriptor& file, const std::string& path);

// Brings an open file's end to the end of a line: an unfinished line that begins with `own_start`
// (never empty) is cut off, as what it told of is written again; any other is ended.
absl::Status EndLastLine(const Descriptor& file, const std::string& path,
                         std::string_view own_start);

// Writes all of it and syncs it. If that fails, what was written of it is cut off again, if that
// can be.
absl::Status AppendAndSync(const Descriptor& file, const std::string& path, std::string_view text);

}  // namespace tasker::sinks
