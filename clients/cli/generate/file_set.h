// Writing several files, or none of them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tasker::cli::generate {

// A file that is wanted.
struct PlannedFile {
  // From the project's folder: `app/tasks/order_process.rb`.
  std::filesystem::path path;
  std::string content;
  // What every project has once (`Gemfile`): one that is there already stays, whatever is in it.
  bool only_if_missing = false;
};

enum class FileAction {
  kCreate,
  // What is there is replaced.
  kReplace,
  // What is there is the same already.
  kUnchanged,
  // What is there is the project's own, and stays.
  kKeep,
};

// `create`, `replace`, `unchanged`, `keep`.
std::string_view NameOf(FileAction action);

// What became of a file, or would.
struct FileOutcome {
  std::filesystem::path path;
  FileAction action;
};

// What WriteFiles would do, without doing it. `directory` exists.
//
// ALREADY_EXISTS: files with other content are in the way and `force` is not set; the message names
// all of them. FAILED_PRECONDITION: something that is no file is in the way, or a link leads out of
// `directory`.
absl::StatusOr<std::vector<FileOutcome>> CheckFiles(const std::filesystem::path& directory,
                                                    const std::vector<PlannedFile>& files,
                                                    bool force);

// Checks all, writes all beside their places, and puts them there last. When any of it fails, what
// was there before is there again, and no new file or folder is left. A file that comes into being
// meanwhile is not overwritten without `force`. Errors: as CheckFiles, and those of the file
// system, with the file's name.
absl::StatusOr<std::vector<FileOutcome>> WriteFiles(const std::filesystem::path& directory,
                                                    const std::vector<PlannedFile>& files,
                                                    bool force);

}  // namespace tasker::cli::generate
