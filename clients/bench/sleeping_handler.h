// The handler of workloads whose steps take time: one thread waits for all of them.
#pragma once

#include <cstdint>
#include <string>

namespace tasker::bench {

// Serves the classes `Bench::Sleep` and `Bench::Step` until SIGINT or SIGTERM, by the bare
// protocol. The C++ client has a thread for each step that waits; hundreds that wake at one time
// would take from the service the cores that it is measured on. Returns the process's exit code: 1
// if the service ended the stream. Call it before threads are started.
int RunSleepingHandler(const std::string& server, std::uint32_t concurrency);

}  // namespace tasker::bench
