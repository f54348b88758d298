// What became of each file in the folder of templates.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "engine/model/task_template.h"
#include "engine/model/time.h"
#include "service/templates/folder_scan.h"
#include "service/templates/template_registry.h"

namespace tasker::service {

// One file, or what was taken for one.
struct TemplateFile {
  enum class State {
    // Its template is there as it says.
    kLoaded,
    // It was refused, or cannot be read; what was applied before goes on.
    kBroken,
    // It is right, and the store could not take it yet; it is tried again.
    kNotStored,
    // Passed over: a folder named like a file, a link in a circle, what is over a limit.
    kSkipped,
  };

  // Below the folder; empty for the folder itself.
  std::string path;
  State state = State::kLoaded;
  // A line for each mistake; empty if loaded. Cut if it is very long.
  std::string problem;
  // What was last loaded from this path since the service started.
  std::optional<engine::TemplateId> loaded;
  // Since when it is so.
  engine::Timestamp since;
};

// What became of the loading of a file.
enum class FileLoad { kApplied, kUnchanged, kRefused, kUnreadable, kNotStored };
inline constexpr std::size_t kFileLoads = 5;

// Everything about the folder at one moment. Immutable.
struct FolderReport {
  std::string folder;
  // Why the folder itself cannot be read; empty if it can.
  std::string problem;
  // By path.
  std::vector<std::shared_ptr<const TemplateFile>> files;
  // When the last look at the folder ended.
  engine::Timestamp looked_at;
  std::chrono::steady_clock::duration took{};
  std::uint64_t looks = 0;
  // Since the start, by FileLoad. A file that has not changed is not loaded again.
  std::array<std::uint64_t, kFileLoads> loads{};

  std::size_t CountOf(TemplateFile::State state) const;
};

// Looks at a folder and applies what has changed in it. A file is read once nothing has written to
// it for a moment, since half of a template may well be one. What cannot be taken is logged once
// for each change of its content. Look is called by one thread at a time; report by any.
class TemplateFiles {
 public:
  // Nothing is read that was written to so recently.
  static constexpr std::chrono::milliseconds kSettle{100};

  // `registry` must outlive it.
  TemplateFiles(std::string folder, TemplateRegistry* registry);

  // Questions asked during a look; any may be null.
  struct Questions {
    // Whether somebody is known to be writing to the file of that full path, by the time of asking.
    std::function<bool(const std::string& path)> is_being_written;
    // Whether to end early; the rest is left for the next look.
    std::function<bool()> is_stopping;
  };
  struct Looked {
    // Some files could not be stored.
    bool not_stored = false;
    // Some were left because they were being written.
    bool unsettled = false;
    // See FolderScan.
    std::map<std::string, WatchedFolder> watched;
  };
  // Compiles on up to `threads` threads.
  Looked Look(int threads, const Questions& questions);

  // After the last Look. Never null.
  std::shared_ptr<const FolderReport> report() const;

 private:
  // A file that was seen.
  struct Known {
    FileStamp stamp;
    // Whether a change since it was read must show in the stamp.
    bool settled = false;
    // Of the content that `file` tells of; empty if it tells of none.
    std::string digest;
    // How many looks in a row have found it being written.
    int unsettled_looks = 0;
    // The look that saw it last.
    std::uint64_t look = 0;
    // Null if it was not read yet.
    std::shared_ptr<const TemplateFile> file;
  };
  // Files that are applied together.
  struct Piece;
  class Log;

  void Take(const FolderScan::File& file, const Questions& questions, Piece& piece, Log& log,
            Looked& looked);
  void Apply(Piece& piece, int threads, Log& log);
  void Answer(const std::string& path, Known& known, const std::string& digest,
              const absl::StatusOr<TemplateRegistry::Applied>& answer, Log& log);
  void SetBroken(const std::string& path, Known& known, std::string problem, FileLoad why,
                 Log& log);
  static bool IsOpen(const FolderScan::File& file, const Questions& questions);
  bool IsUnsettled(const FolderScan::File& file, Known& known, const Questions& questions) const;
  void Count(FileLoad load) { ++loads_[static_cast<std::size_t>(load)]; }
  void ForgetUnseen(Log& log);
  void NoteSkipped(const std::vector<FolderScan::Skipped>& skipped, Log& log);
  void Publish(std::chrono::steady_clock::duration took);
  std::string FullPath(const std::string& path) const;

  const std::string folder_;
  TemplateRegistry& registry_;
  std::map<std::string, Known> known_;
  std::map<std::string, std::shared_ptr<const TemplateFile>> skipped_;
  // Why the folder cannot be read.
  std::string problem_;
  std::uint64_t looks_ = 0;
  std::array<std::uint64_t, kFileLoads> loads_{};

  mutable absl::Mutex mutex_;
  std::shared_ptr<const FolderReport> report_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::service
