// The `taskerd` that is measured.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "clients/bench/child_process.h"

namespace tasker::bench {

// Runs on an empty folder, with defaults but for addresses, folder and log level.
class ServerProcess {
 public:
  // Starts `program --config FILE` with all its files in `folder`, and waits until its health
  // service says SERVING. UNAVAILABLE: it ended before, with the end of its output.
  // DEADLINE_EXCEEDED: not ready after `ready_max`.
  // `settings`: further ones, as YAML.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const std::string& program,
                                                              const std::string& folder,
                                                              std::chrono::seconds ready_max,
                                                              const std::string& settings = "");

  // host:port.
  const std::string& address() const { return address_; }
  pid_t pid() const { return process_->pid(); }
  // As ChildProcess::WatchExit.
  void WatchExit(std::function<void(const std::string& reason)> on_exit) {
    process_->WatchExit(std::move(on_exit));
  }

  // Where it serves `/metrics`, host:port.
  const std::string& metrics_address() const { return metrics_address_; }

 private:
  ServerProcess() = default;
  absl::Status AwaitServing(std::chrono::seconds ready_max);

  std::string address_;
  std::string metrics_address_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace tasker::bench
