// The handler service that is measured against: the C++ client with a handler that does nothing.
#pragma once

#include <cstdint>
#include <string>

namespace tasker::bench {

// Serves until SIGTERM or SIGINT. Gives the process's exit code. Call it before threads are
// started.
int RunHandlerProcess(const std::string& server, std::uint32_t concurrency, std::uint32_t threads);

}  // namespace tasker::bench
