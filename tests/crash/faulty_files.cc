// A file layer that lies, loaded before the C library (LD_PRELOAD) into a service under test.
//
// Concerns only files below the folder FAULTY_FILES_FOLDER. Which calls fail is read from the file
// FAULTY_FILES_CONTROL, which the test rewrites at any time: five 32-bit numbers, the seed and then
// how many of a million calls meet a failed write, a torn write, a failed sync and a full disk.
// What was synced, files and folder, is appended to FAULTY_FILES_SYNCED, as lines "inode size",
// with the size -1 when a file is made: so the test can, once the process is dead, cut each file to
// what a power cut would have left of it, and remove those whose folder was not synced since.
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

namespace {

constexpr std::uint32_t kMillion = 1'000'000;

struct Control {
  std::uint32_t seed;
  std::uint32_t failed_write;
  std::uint32_t torn_write;
  std::uint32_t failed_sync;
  std::uint32_t full;
};

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// Null: nothing is spoilt.
const volatile Control* MapControl() {
  const char* path = std::getenv("FAULTY_FILES_CONTROL");
  const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* const at = mmap(nullptr, sizeof(Control), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  return at == MAP_FAILED ? nullptr : static_cast<const volatile Control*>(at);
}

const volatile Control* TheControl() {
  static const volatile Control* const control = MapControl();
  return control;
}

// The same draws for the same seed and order of calls.
std::uint32_t Draw() {
  static std::atomic<std::uint64_t> count{0};
  const volatile Control* const control = TheControl();
  std::uint64_t x = (control == nullptr ? 0 : control->seed) * 0x9e3779b97f4a7c15 +
                    count.fetch_add(1) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 31)) * 0x94d049bb133111eb;
  return static_cast<std::uint32_t>((x ^ (x >> 29)) >> 16) % kMillion;
}

bool IsOurs(int fd) {
  static const char* const folder = std::getenv("FAULTY_FILES_FOLDER");
  if (folder == nullptr) return false;
  char link[64];
  char path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  return std::strncmp(path, folder, std::strlen(folder)) == 0;
}

void NoteSynced(int fd, bool anew) {
  static const int log = [] {
    const char* path = std::getenv("FAULTY_FILES_SYNCED");
    return path == nullptr ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }();
  struct stat file {};
  if (log < 0 || fstat(fd, &file) != 0) return;
  // Files are only ever appended to; one may be longer than what was written.
  const off_t written = S_ISREG(file.st_mode) ? lseek(fd, 0, SEEK_CUR) : 0;
  char line[64];
  const int size =
      std::snprintf(line, sizeof line, "%llu %lld\n", static_cast<unsigned long long>(file.st_ino),
                    anew ? -1LL : static_cast<long long>(written));
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  // A line lost here makes the power cut crueller than any is, and the test fail: never the
  // reverse.
  if (real(log, line, static_cast<size_t>(size)) != size) std::abort();
}

int Sync(int fd, const char* name) {
  const auto real = Real<int (*)(int)>(name);
  if (!IsOurs(fd)) return real(fd);
  const volatile Control* const control = TheControl();
  if (control != nullptr && Draw() < control->failed_sync) {
    errno = EIO;
    return -1;
  }
  const int result = real(fd);
  if (result == 0) NoteSynced(fd, false);
  return result;
}

int Opened(int fd, int flags) {
  // A number may be that of a file that is gone: nothing of this one is synced yet.
  if (fd >= 0 && (flags & O_CREAT) != 0 && (flags & O_TRUNC) != 0 && IsOurs(fd)) {
    NoteSynced(fd, true);
  }
  return fd;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  const volatile Control* const control = TheControl();
  if (control == nullptr || size == 0 || !IsOurs(fd)) return real(fd, data, size);
  if (Draw() < control->full) {
    errno = ENOSPC;
    return -1;
  }
  if (Draw() < control->failed_write) {
    errno = EIO;
    return -1;
  }
  if (Draw() < control->torn_write) {
    if (real(fd, data, Draw() % size) < 0) return -1;
    errno = EIO;
    return -1;
  }
  return real(fd, data, size);
}

int fsync(int fd) { return Sync(fd, "fsync"); }
int fdatasync(int fd) { return Sync(fd, "fdatasync"); }

int open(const char* path, int flags, ...) {
  static const auto real = Real<int (*)(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return Opened(real(path, flags, mode), flags);
}
int open64(const char* path, int flags, ...) {
  static const auto real = Real<int (*)(const char*, int, ...)>("open64");
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return Opened(real(path, flags, mode), flags);
}

}  // extern "C"
