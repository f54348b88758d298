#include "tests/bench/handler_process.h"

#include <csignal>
#include <iostream>
#include <pthread.h>
#include <thread>

#include "tasker/client/worker.h"
#include "tests/bench/chain_template.h"

namespace tasker::bench {

int RunHandlerProcess(const std::string& server, std::uint32_t concurrency, std::uint32_t threads) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  client::WorkerOptions options;
  options.server = server;
  options.name = "bench-handlers";
  options.concurrency = concurrency;
  options.threads = threads;
  options.drain_max = std::chrono::seconds(5);
  client::Worker worker(options);
  worker.RegisterRaw(kHandlerClass,
                     [](const client::Task&, const client::Sequence&, const client::Step&) {
                       return std::string(R"({"ok":true})");
                     });
  std::thread watcher([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    worker.Stop();
  });
  const absl::Status status = worker.Run();
  pthread_kill(watcher.native_handle(), SIGTERM);
  watcher.join();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace tasker::bench
