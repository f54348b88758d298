// Which template files a folder holds, and their bytes, whatever else lies there.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tasker::service {

// What tells a file from another, and from itself after a change.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

// What matters of a folder to somebody who waits for changes.
struct WatchedFolder {
  // Whatever happens in it.
  bool everything = false;
  // Else only what happens to these names in it.
  std::set<std::string> names;
  // Whether what is written into files of these names matters, and not only where the names lead.
  bool content = false;
};

struct FolderScan {
  struct File {
    // Below the folder.
    std::string path;
    std::string full_path;
    FileStamp stamp;
    // Not OK: it cannot be a template, and why.
    absl::Status problem;
  };
  // What looks as if it were meant, and is passed over.
  struct Skipped {
    // Below the folder; empty for the folder itself.
    std::string path;
    std::string why;
  };

  // Not OK: the folder cannot be read, and why.
  absl::Status folder;
  // By path.
  std::vector<File> files;
  std::vector<Skipped> skipped;
  // By path, all whose changes could change what a scan finds.
  std::map<std::string, WatchedFolder> watched;
};

// No more is read of one folder: so that one named by mistake does no harm.
struct ScanLimits {
  std::size_t files = 20'000;
  std::size_t folders = 10'000;
  std::size_t depth = 32;
  // Names of any kind that are looked at.
  std::size_t names = 1'000'000;
};

// Looks for each *.yaml and *.yml below `folder`. Symbolic links are followed, each folder is read
// once, and names that begin with a dot are passed over: a mounted ConfigMap keeps its files in
// folders called `..data` and the like, and shows them by links. Opens no file and does not throw.
FolderScan ScanFolder(const std::string& folder, const ScanLimits& limits = {});

// The bytes of a regular file, and its stamp. Waits for nobody: what is no file is not opened to be
// read. Errors: INVALID_ARGUMENT: it is no file, or longer than a template may be; UNAVAILABLE: it
// was written to meanwhile; what the system says, if it cannot be read.
absl::StatusOr<std::string> ReadTemplateFile(const std::string& path, FileStamp& stamp);

}  // namespace tasker::service
