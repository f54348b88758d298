#include "tests/bench/process_usage.h"

#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace tasker::bench {
namespace {

std::string PathOf(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

}  // namespace

absl::StatusOr<std::chrono::microseconds> CpuTimeOf(pid_t pid) {
  const std::string path = PathOf(pid, "stat");
  std::string line;
  std::getline(std::ifstream(path), line);
  // The program's name stands in parentheses and may hold spaces and parentheses itself.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return absl::NotFoundError("cannot read " + path);
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;
  if (!fields) return absl::InternalError("cannot understand " + path);
  return std::chrono::microseconds((user + system) * 1'000'000 / sysconf(_SC_CLK_TCK));
}

absl::StatusOr<std::uint64_t> PeakResidentBytesOf(pid_t pid) {
  const std::string path = PathOf(pid, "status");
  std::ifstream status(path);
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    std::uint64_t kibibytes = 0;
    status >> kibibytes;
    return kibibytes * 1024;
  }
  return absl::NotFoundError("cannot read " + path);
}

}  // namespace tasker::bench
