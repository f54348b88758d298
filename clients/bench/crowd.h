// Those that are there and want nothing: what a service has to carry besides its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "clients/bench/child_process.h"

namespace tasker::bench {

// Applies that many templates of five steps.
absl::Status ApplyTemplates(const std::string& address, std::uint32_t count);

// Connects idle handlers (each on a connection of its own, for a class of its own) and subscribers
// to events of these names, prints a line once all are there, and reads what comes until SIGINT or
// SIGTERM. Returns the process's exit code: 1 if any of them was ended by the service.
int RunCrowdProcess(const std::string& address, std::uint32_t idle_handlers,
                    std::uint32_t subscribers, const std::vector<std::string>& events);

// Waits until the process has printed that line. UNAVAILABLE: it ended before.
absl::Status AwaitCrowd(ChildProcess& process);

}  // namespace tasker::bench
