#include "clients/bench/process_usage.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

namespace tasker::bench {
namespace {

std::string PathOf(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

// The number behind `key` in a file of lines `key: number`.
bool ReadField(const std::string& path, const std::string& key, std::uint64_t& value) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    if (word == key) return static_cast<bool>(file >> value);
  }
  return false;
}

absl::StatusOr<std::uint64_t> StatusBytes(pid_t pid, const char* key) {
  const std::string path = PathOf(pid, "status");
  std::uint64_t kibibytes = 0;
  if (!ReadField(path, key, kibibytes)) return absl::NotFoundError("cannot read " + path);
  return kibibytes * 1024;
}

std::string WithoutNumber(std::string name) {
  while (name.size() > 1 && name.back() >= '0' && name.back() <= '9') name.pop_back();
  return name;
}

}  // namespace

absl::StatusOr<std::chrono::nanoseconds> CpuTimeOf(pid_t pid) {
  // /proc/PID/stat counts the same in hundredths of a second, too coarse for a short run.
  clockid_t clock{};
  timespec time{};
  if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return absl::NotFoundError("there is no process " + std::to_string(pid));
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

absl::StatusOr<std::uint64_t> PeakResidentBytesOf(pid_t pid) { return StatusBytes(pid, "VmHWM:"); }

absl::StatusOr<std::uint64_t> ResidentBytesOf(pid_t pid) { return StatusBytes(pid, "VmRSS:"); }

absl::StatusOr<std::vector<ThreadUsage>> ThreadsOf(pid_t pid) {
  std::map<std::string, ThreadUsage> by_name;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(PathOf(pid, "task"), error)) {
    const std::string folder = entry.path();
    std::string name;
    std::getline(std::ifstream(folder + "/comm"), name);
    std::int64_t cpu = 0;
    std::int64_t waited = 0;
    std::ifstream scheduled(folder + "/schedstat");
    // A thread may end while it is looked at.
    if (name.empty() || !(scheduled >> cpu >> waited)) continue;
    ThreadUsage& usage = by_name[WithoutNumber(name)];
    ++usage.threads;
    usage.cpu += std::chrono::nanoseconds(cpu);
    usage.waited_for_core += std::chrono::nanoseconds(waited);
    std::uint64_t count = 0;
    if (ReadField(folder + "/status", "voluntary_ctxt_switches:", count)) {
      usage.switches_to_wait += count;
    }
    if (ReadField(folder + "/status", "nonvoluntary_ctxt_switches:", count)) {
      usage.switches_forced += count;
    }
  }
  if (error) return absl::NotFoundError("there is no process " + std::to_string(pid));
  std::vector<ThreadUsage> all;
  for (auto& [name, usage] : by_name) {
    usage.name = name;
    all.push_back(usage);
  }
  return all;
}

}  // namespace tasker::bench
