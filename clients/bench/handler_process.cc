#include "clients/bench/handler_process.h"

#include <iostream>

#include "clients/bench/handler_classes.h"
#include "tasker/client/stop_signals.h"
#include "tasker/client/worker.h"

namespace tasker::bench {

int RunHandlerProcess(const std::string& server, std::uint32_t concurrency, std::uint32_t threads) {
  client::StopSignals signals;
  client::WorkerOptions options;
  options.server = server;
  options.name = "bench-handlers";
  options.concurrency = concurrency;
  options.threads = threads;
  options.drain_max = std::chrono::seconds(5);
  client::Worker worker(options);
  RegisterHandlers(worker);
  signals.Watch(worker);
  const absl::Status status = worker.Run();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace tasker::bench
