// The handler process of a run: this program, started again.
#pragma once

#include <cstdint>
#include <string>

namespace tasker::bench {

// Serves the classes of handler_classes.h until SIGINT or SIGTERM, with the C++ client.
// `concurrency`: steps at one time. `threads`: those that run them; 0: on the thread of the
// connection, which is fastest for steps that take no time. Returns the process's exit code: 0
// after it drained. Call it before threads are started.
int RunHandlerProcess(const std::string& server, std::uint32_t concurrency, std::uint32_t threads);

}  // namespace tasker::bench
