#include "clients/bench/handler_programs.h"

#include <filesystem>
#include <system_error>

#include "clients/bench/test_bed.h"

namespace tasker::bench {
namespace {

// Empty if there is none.
std::string FindAbove(const std::filesystem::path& from, const std::string& file) {
  std::error_code error;
  for (std::filesystem::path folder = std::filesystem::absolute(from, error);;
       folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / file, error)) return folder / file;
    if (folder == folder.parent_path()) return "";
  }
}

}  // namespace

const std::vector<std::string>& HandlerLanguages() {
  static const std::vector<std::string> languages = {"cpp", "typescript", "python", "ruby", "go"};
  return languages;
}

absl::StatusOr<std::vector<std::string>> HandlerCommand(const HandlerOptions& options,
                                                        const std::string& self,
                                                        const std::string& address) {
  const std::string concurrency = std::to_string(options.concurrency);
  if (options.program.empty() && options.language == "cpp") {
    std::vector<std::string> command = {self,        "bench",     "handler",
                                        "--address", address,     "--concurrency",
                                        concurrency, "--threads", std::to_string(options.threads)};
    if (options.sleeping) command.push_back("--sleeping");
    return command;
  }
  std::string program = options.program;
  if (program.empty()) {
    const std::string file = "clients/" + options.language + "/bench/run";
    program = FindAbove(std::filesystem::path(self).parent_path(), file);
    if (program.empty()) program = FindAbove(".", file);
    if (program.empty()) {
      return absl::NotFoundError("there is no " + file +
                                 " above this program or the working folder; name a handler's "
                                 "program with --handler-program");
    }
  }
  return std::vector<std::string>{program, "--address", address, "--concurrency", concurrency};
}

}  // namespace tasker::bench
