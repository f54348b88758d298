#include "clients/bench/scratch_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdlib.h>
#include <system_error>

#include <linux/magic.h>
#include <sys/vfs.h>

namespace tasker::bench {

absl::StatusOr<std::unique_ptr<ScratchFolder>> ScratchFolder::Make(const std::string& parent,
                                                                   bool keep) {
  std::error_code error;
  const std::filesystem::path base = std::filesystem::absolute(parent, error);
  struct statfs system {};
  if (error || statfs(base.c_str(), &system) != 0) {
    return absl::NotFoundError("no folder " + parent + ": " + std::strerror(errno));
  }
  if (system.f_type == TMPFS_MAGIC) {
    return absl::FailedPreconditionError(base.string() +
                                         " is in memory; choose a disk with --data-dir");
  }
  std::string path = base / "tasker-bench-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return absl::PermissionDeniedError("cannot make a folder in " + base.string() + ": " +
                                       std::strerror(errno));
  }
  return std::unique_ptr<ScratchFolder>(new ScratchFolder(path, keep));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!keep_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace tasker::bench
