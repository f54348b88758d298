#include "clients/sinks/line_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include <sys/stat.h>

namespace tasker::sinks {
namespace {

constexpr mode_t kMode = 0640;
constexpr std::size_t kChunkBytes = 64u << 10;

absl::Status WriteAll(const Descriptor& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("cannot write to", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

// The name of a new file is only safe with its folder.
absl::Status SyncFolder(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const Descriptor folder(
      open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || fsync(folder.get()) != 0) return SystemError("cannot sync", parent);
  return absl::OkStatus();
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) close(value_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

absl::Status SystemError(std::string_view what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat(std::string(what), " ", path, ": ", std::strerror(errno)));
}

absl::StatusOr<Descriptor> OpenForAppending(const std::string& path) {
  // Not O_WRONLY: its last line is looked at.
  Descriptor file(open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) {
    file = Descriptor(open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, kMode));
    if (file.is_open()) {
      if (absl::Status synced = SyncFolder(path); !synced.ok()) return synced;
    }
  }
  if (!file.is_open()) return SystemError("cannot open", path);
  return file;
}

bool IsStill(const Descriptor& file, const std::string& path) {
  struct stat opened = {};
  struct stat named = {};
  return fstat(file.get(), &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

absl::Status EndLastLine(const Descriptor& file, const std::string& path,
                         std::string_view own_start) {
  struct stat status = {};
  if (fstat(file.get(), &status) != 0) return SystemError("cannot look at", path);
  // Pipes and devices have no last line.
  if (!S_ISREG(status.st_mode) || status.st_size == 0) return absl::OkStatus();
  // Backwards until the end of the line before.
  off_t begin = status.st_size;
  std::string tail;
  std::size_t line = std::string::npos;
  while (begin > 0 && line == std::string::npos) {
    const auto size = static_cast<std::size_t>(std::min<off_t>(begin, kChunkBytes));
    begin -= static_cast<off_t>(size);
    std::string chunk(size, '\0');
    if (pread(file.get(), chunk.data(), size, begin) != static_cast<ssize_t>(size)) {
      return SystemError("cannot read", path);
    }
    tail.insert(0, chunk);
    line = tail.rfind('\n');
  }
  const std::string_view last =
      line == std::string::npos ? std::string_view(tail) : std::string_view(tail).substr(line + 1);
  if (last.empty()) return absl::OkStatus();
  if (!last.starts_with(own_start.substr(0, last.size()))) {
    return AppendAndSync(file, path, "\n");
  }
  if (ftruncate(file.get(), status.st_size - static_cast<off_t>(last.size())) != 0) {
    return SystemError("cannot cut", path);
  }
  return absl::OkStatus();
}

absl::Status AppendAndSync(const Descriptor& file, const std::string& path, std::string_view text) {
  struct stat before = {};
  if (fstat(file.get(), &before) != 0) return SystemError("cannot look at", path);
  absl::Status status = WriteAll(file, path, text);
  // EINVAL: a pipe or a terminal, which has nothing to sync.
  if (status.ok() && fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS) {
    status = SystemError("cannot sync", path);
  }
  if (!status.ok() && S_ISREG(before.st_mode)) {
    // If this fails too, EndLastLine finds the rest.
    if (ftruncate(file.get(), before.st_size) != 0) {
      return absl::UnavailableError(
          absl::StrCat(std::string(status.message()), "; and it ends in an unfinished line"));
    }
  }
  return status;
}

}  // namespace tasker::sinks
