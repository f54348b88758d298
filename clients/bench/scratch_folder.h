// A new folder on a real disk.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tasker::bench {

// Removed with its content at the end, unless it is to be kept.
class ScratchFolder {
 public:
  // In `parent`. FAILED_PRECONDITION: that is in memory (tmpfs), where a sync costs nothing and
  // nothing measured would be true.
  static absl::StatusOr<std::unique_ptr<ScratchFolder>> Make(const std::string& parent, bool keep);
  ~ScratchFolder();

  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // Absolute.
  const std::string& path() const { return path_; }

 private:
  ScratchFolder(std::string path, bool keep) : path_(std::move(path)), keep_(keep) {}
  const std::string path_;
  const bool keep_;
};

}  // namespace tasker::bench
