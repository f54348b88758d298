#include "clients/cli/generate/file_set.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tasker::cli::generate {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(std::string_view what, const fs::path& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", std::string(what), " ", path.string()));
}

std::string Content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The nearest folder above `path` that exists.
fs::path ExistingFolderAbove(const fs::path& path) {
  fs::path folder = path.parent_path();
  std::error_code error;
  while (!fs::exists(fs::symlink_status(folder, error)) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

// Names come from checked parts, so that only links can lead elsewhere.
absl::Status CheckFolders(const fs::path& directory, const fs::path& path) {
  const fs::path folder = ExistingFolderAbove(directory / path);
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return absl::FailedPreconditionError(absl::StrCat(folder.string(), " is no folder"));
  }
  const fs::path root = fs::canonical(directory, error);
  const fs::path from_root = fs::canonical(folder, error).lexically_relative(root);
  if (error || from_root.empty() || *from_root.begin() == "..") {
    return absl::FailedPreconditionError(
        absl::StrCat(folder.string(), " leads out of ", directory.string()));
  }
  return absl::OkStatus();
}

absl::StatusOr<FileAction> ActionFor(const fs::path& target, const PlannedFile& file) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(target, error);
  if (!fs::exists(status)) return FileAction::kCreate;
  if (file.only_if_missing) return FileAction::kKeep;
  if (!fs::is_regular_file(status)) {
    return absl::FailedPreconditionError(absl::StrCat(target.string(), " is there and is no file"));
  }
  return Content(target) == file.content ? FileAction::kUnchanged : FileAction::kReplace;
}

// The way of one file to its place, and back.
class Placement {
 public:
  Placement(fs::path target, bool replaces) : target_(std::move(target)), replaces_(replaces) {}

  // Writes beside the place.
  absl::Status Prepare(const std::string& content) {
    if (auto status = MakeFolders(target_.parent_path()); !status.ok()) return status;
    prepared_ = BesidesTarget("new");
    std::ofstream out(prepared_, std::ios::binary | std::ios::trunc);
    out << content << std::flush;
    if (!out) return Failed("write", prepared_, errno);
    return absl::OkStatus();
  }

  absl::Status Commit() {
    if (replaces_) {
      const fs::path before = BesidesTarget("before");
      if (link(target_.c_str(), before.c_str()) != 0) return Failed("keep", target_, errno);
      before_ = before;
      // The program's rights on a script stay as they were.
      std::error_code error;
      fs::permissions(prepared_, fs::status(target_, error).permissions(), error);
      if (rename(prepared_.c_str(), target_.c_str()) != 0) return Failed("replace", target_, errno);
    } else {
      // Fails where a file came into being since the check; rename() would replace it.
      if (link(prepared_.c_str(), target_.c_str()) != 0) return Failed("create", target_, errno);
    }
    placed_ = true;
    return absl::OkStatus();
  }

  void Undo() {
    if (placed_ && replaces_) {
      static_cast<void>(rename(before_.c_str(), target_.c_str()));
      before_.clear();
    } else if (placed_) {
      unlink(target_.c_str());
    }
    placed_ = false;
  }

  // Removes what was needed on the way.
  void Clean() {
    if (!prepared_.empty()) unlink(prepared_.c_str());
    if (!before_.empty()) unlink(before_.c_str());
  }

  // After Undo and Clean: the innermost first.
  void RemoveMadeFolders() {
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) rmdir(folder->c_str());
  }

 private:
  absl::Status MakeFolders(const fs::path& folder) {
    std::error_code error;
    if (folder.empty() || fs::is_directory(folder, error)) return absl::OkStatus();
    if (auto status = MakeFolders(folder.parent_path()); !status.ok()) return status;
    if (fs::create_directory(folder, error)) made_.push_back(folder);
    return error ? Failed("make the folder", folder, error.value()) : absl::OkStatus();
  }

  fs::path BesidesTarget(std::string_view what) const {
    return target_.parent_path() / absl::StrCat(".", target_.filename().string(), ".tasker-",
                                                std::string(what), "-", getpid());
  }

  fs::path target_;
  bool replaces_;
  fs::path prepared_;
  fs::path before_;
  bool placed_ = false;
  std::vector<fs::path> made_;
};

absl::Status Place(const fs::path& directory, const std::vector<PlannedFile>& files,
                   const std::vector<FileOutcome>& outcomes, std::vector<Placement>& placements) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const FileAction action = outcomes[i].action;
    if (action != FileAction::kCreate && action != FileAction::kReplace) continue;
    placements.emplace_back(directory / files[i].path, action == FileAction::kReplace);
    if (auto status = placements.back().Prepare(files[i].content); !status.ok()) return status;
  }
  for (Placement& placement : placements) {
    if (auto status = placement.Commit(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view NameOf(FileAction action) {
  switch (action) {
    case FileAction::kCreate:
      return "create";
    case FileAction::kReplace:
      return "replace";
    case FileAction::kUnchanged:
      return "unchanged";
    case FileAction::kKeep:
      return "keep";
  }
  return "";
}

absl::StatusOr<std::vector<FileOutcome>> CheckFiles(const fs::path& directory,
                                                    const std::vector<PlannedFile>& files,
                                                    bool force) {
  std::vector<FileOutcome> outcomes;
  std::vector<std::string> in_the_way;
  for (const PlannedFile& file : files) {
    if (auto status = CheckFolders(directory, file.path); !status.ok()) return status;
    const auto action = ActionFor(directory / file.path, file);
    if (!action.ok()) return action.status();
    if (*action == FileAction::kReplace && !force) in_the_way.push_back(file.path.string());
    outcomes.push_back({file.path, *action});
  }
  if (in_the_way.empty()) return outcomes;
  const bool one = in_the_way.size() == 1;
  return absl::AlreadyExistsError(absl::StrCat(
      absl::StrJoin(in_the_way, ", "), one ? " is" : " are",
      " there already; nothing was written. ", "--force replaces ", one ? "it" : "them"));
}

absl::StatusOr<std::vector<FileOutcome>> WriteFiles(const fs::path& directory,
                                                    const std::vector<PlannedFile>& files,
                                                    bool force) {
  auto outcomes = CheckFiles(directory, files, force);
  if (!outcomes.ok()) return outcomes;
  std::vector<Placement> placements;
  absl::Status placed = Place(directory, files, *outcomes, placements);
  if (!placed.ok()) {
    for (Placement& placement : placements) placement.Undo();
  }
  for (Placement& placement : placements) placement.Clean();
  if (placed.ok()) return outcomes;
  for (auto last = placements.rbegin(); last != placements.rend(); ++last) {
    last->RemoveMadeFolders();
  }
  return placed;
}

}  // namespace tasker::cli::generate
