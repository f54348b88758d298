#include "clients/bench/machine.h"

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include <sys/sysinfo.h>
#include <sys/utsname.h>

namespace tasker::bench {
namespace {

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "an unnamed processor";
}

}  // namespace

std::string DescribeMachine() {
  struct sysinfo memory {};
  struct utsname system {};
  const bool known = sysinfo(&memory) == 0 && uname(&system) == 0;
  return absl::StrCat(std::thread::hardware_concurrency(), " cores of ", ProcessorName(), ", ",
                      known ? (std::uint64_t{memory.totalram} * memory.mem_unit) >> 30 : 0,
                      " GiB of memory, ", system.sysname, " ", system.release);
}

}  // namespace tasker::bench
