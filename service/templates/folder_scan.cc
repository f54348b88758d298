#include "service/templates/folder_scan.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include <sys/stat.h>

#include "config/template_loader.h"
#include "service/templates/path_trail.h"

namespace tasker::service {
namespace {

namespace fs = std::filesystem;

std::int64_t Nanos(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileStamp StampOf(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, Nanos(status.st_mtim),
          Nanos(status.st_ctim)};
}

absl::Status CannotBeRead(int error) { return absl::ErrnoToStatus(error, "cannot be read"); }

// Whether what has this status can be read as a template.
absl::Status CheckKind(const struct stat& status) {
  const char* kind = nullptr;
  if (S_ISFIFO(status.st_mode)) kind = "a pipe";
  if (S_ISSOCK(status.st_mode)) kind = "a socket";
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) kind = "a device";
  if (S_ISDIR(status.st_mode)) kind = "a folder";
  if (kind != nullptr) return absl::InvalidArgumentError(absl::StrCat("is ", kind, ", not a file"));
  if (status.st_size > static_cast<off_t>(config::kTemplateBytesMax)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "has ", status.st_size, " bytes, over the limit of ", config::kTemplateBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

bool IsTemplateName(const fs::path& name) {
  return name.extension() == ".yaml" || name.extension() == ".yml";
}

class Scanner {
 public:
  Scanner(const std::string& folder, const ScanLimits& limits) : folder_(folder), limits_(limits) {}

  FolderScan Run() && {
    Follow(folder_, false);
    Enter("", 0);
    std::ranges::sort(scan_.files, {}, &FolderScan::File::path);
    if (scan_.files.size() > limits_.files) {
      Skip("", absl::StrCat("holds ", scan_.files.size(), " templates; only the first ",
                            limits_.files, " in the order of their paths are read"));
      scan_.files.resize(limits_.files);
    }
    for (FolderScan::File& file : scan_.files) Look(file);
    return std::move(scan_);
  }

 private:
  void Skip(const std::string& path, std::string why) {
    scan_.skipped.push_back({path, std::move(why)});
  }

  // Has everything watched that decides where `path` leads.
  void Follow(const fs::path& path, bool is_file) {
    const std::vector<TrailStop> trail = PathTrail(path.string());
    for (const TrailStop& stop : trail) scan_.watched[stop.folder].names.insert(stop.name);
    if (is_file && !trail.empty()) scan_.watched[trail.back().folder].content = true;
  }

  // `path` is below the folder, empty for the folder itself.
  void Enter(const std::string& path, std::size_t depth) {
    const fs::path full = path.empty() ? fs::path(folder_) : fs::path(folder_) / path;
    struct stat status {};
    if (stat(full.c_str(), &status) != 0) return CannotEnter(path, std::strerror(errno));
    if (!S_ISDIR(status.st_mode)) return CannotEnter(path, "is not a folder");
    const auto [known, is_new] = entered_.emplace(std::pair(status.st_dev, status.st_ino), path);
    if (!is_new) {
      return Skip(
          path, absl::StrCat("is the same folder as `", known->second.empty() ? "." : known->second,
                             "`, which is read already"));
    }
    if (depth > limits_.depth) {
      return Skip(path, absl::StrCat("lies deeper than ", limits_.depth, " folders"));
    }
    if (entered_.size() > limits_.folders) {
      return Skip(path, absl::StrCat("is one of more than ", limits_.folders, " folders"));
    }
    scan_.watched[full.string()].everything = true;
    std::error_code error;
    std::vector<fs::directory_entry> entries = EntriesOf(full, error);
    if (error) return CannotEnter(path, error.message());
    for (const fs::directory_entry& entry : entries) Take(entry, path, depth);
  }

  void CannotEnter(const std::string& path, const std::string& why) {
    if (path.empty()) {
      scan_.folder = absl::NotFoundError(absl::StrCat("cannot be read: ", why));
    } else {
      Skip(path, absl::StrCat("cannot be read: ", why));
    }
  }

  // By name, without those that are hidden.
  std::vector<fs::directory_entry> EntriesOf(const fs::path& full, std::error_code& error) {
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator entry(full, error), end; !error && entry != end;
         entry.increment(error)) {
      if (++names_ > limits_.names) {
        if (names_ == limits_.names + 1) {
          Skip("", absl::StrCat("holds more than ", limits_.names, " names; the rest is not read"));
        }
        break;
      }
      if (!entry->path().filename().string().starts_with('.')) entries.push_back(*entry);
    }
    std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path(); });
    return entries;
  }

  void Take(const fs::directory_entry& entry, const std::string& folder, std::size_t depth) {
    const fs::path name = entry.path().filename();
    const std::string path = (fs::path(folder) / name).string();
    std::error_code ignored;
    const bool is_folder = entry.is_directory(ignored);
    if (!is_folder && !IsTemplateName(name)) return;
    if (entry.is_symlink(ignored)) Follow(entry.path(), !is_folder);
    if (!is_folder) {
      scan_.files.push_back({path, entry.path().string(), {}, absl::OkStatus()});
      return;
    }
    if (IsTemplateName(name)) Skip(path, "is a folder, and read as one");
    Enter(path, depth + 1);
  }

  static void Look(FolderScan::File& file) {
    struct stat status {};
    if (stat(file.full_path.c_str(), &status) != 0) {
      file.problem = CannotBeRead(errno);
      return;
    }
    file.stamp = StampOf(status);
    file.problem = CheckKind(status);
  }

  const std::string folder_;
  const ScanLimits limits_;
  FolderScan scan_;
  // By what makes a folder one and the same.
  std::map<std::pair<dev_t, ino_t>, std::string> entered_;
  std::size_t names_ = 0;
};

}  // namespace

FolderScan ScanFolder(const std::string& folder, const ScanLimits& limits) {
  return Scanner(folder, limits).Run();
}

absl::StatusOr<std::string> ReadTemplateFile(const std::string& path, FileStamp& stamp) {
  // Not blocking: a pipe may have taken the file's place.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return CannotBeRead(errno);
  const absl::Cleanup close_file = [file] { close(file); };
  struct stat status {};
  if (fstat(file, &status) != 0) return CannotBeRead(errno);
  if (absl::Status kind = CheckKind(status); !kind.ok()) return kind;
  stamp = StampOf(status);
  // One byte more would show that it grows.
  std::string bytes(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(file, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotBeRead(errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (fstat(file, &status) != 0) return CannotBeRead(errno);
  if (StampOf(status) != stamp || size + 1 != bytes.size()) {
    return absl::UnavailableError("was written to while it was read");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace tasker::service
