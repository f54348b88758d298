#include "tests/bench/bench_run.h"

#include <csignal>
#include <pthread.h>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"

#include "tasker/client/client.h"
#include "tests/bench/chain_template.h"
#include "tests/bench/process_usage.h"
#include "tests/bench/scratch_folder.h"
#include "tests/bench/server_process.h"

namespace tasker::bench {
namespace {

// Aborts the workload when the program is asked to end, so that children and folders go as well.
class SignalWatcher {
 public:
  SignalWatcher() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  ~SignalWatcher() { Stop(); }
  void Watch(Workload& workload) {
    thread_ = std::thread([this, &workload] {
      int signal = 0;
      sigwait(&signals_, &signal);
      workload.Abort("interrupted by signal " + std::to_string(signal));
    });
  }
  // The workload is not touched any more. The signals stay blocked.
  void Stop() {
    if (!thread_.joinable()) return;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

 private:
  sigset_t signals_;
  // Owned by this object; touches nothing but Workload::Abort().
  std::thread thread_;
};

absl::StatusOr<ServerUsage> UsageOf(const ServerProcess& server) {
  ServerUsage usage;
  const auto cpu = CpuTimeOf(server.pid());
  if (!cpu.ok()) return cpu.status();
  usage.cpu = *cpu;
  const auto syncs = server.SyncCount();
  // A server without the metric can still be measured; the report says that it is unknown.
  if (syncs.ok()) usage.syncs = *syncs;
  return usage;
}

absl::StatusOr<std::vector<std::unique_ptr<ChildProcess>>> StartHandlers(
    const BenchOptions& options, const std::string& server, const std::string& folder) {
  std::vector<std::unique_ptr<ChildProcess>> handlers;
  for (std::uint32_t i = 0; i < options.handlers; ++i) {
    auto handler =
        ChildProcess::Start({options.self, "handler", "--server", server, "--concurrency",
                             std::to_string(options.handler_concurrency), "--threads",
                             std::to_string(options.handler_threads)},
                            folder + "/handler-" + std::to_string(i) + ".log");
    if (!handler.ok()) return handler.status();
    handlers.push_back(*std::move(handler));
  }
  return handlers;
}

}  // namespace

absl::StatusOr<Report> RunBench(const BenchOptions& options) {
  SignalWatcher signals;
  auto folder = ScratchFolder::Make(options.data_dir, options.keep_data);
  if (!folder.ok()) return folder.status();
  auto server = ServerProcess::Start(options.taskerd, (*folder)->path(), options.ready_max);
  if (!server.ok()) return server.status();

  client::Client client({.server = (*server)->address()});
  const auto applied =
      client.ApplyTemplate(ChainTemplate(options.workload.steps_per_task), "bench_chain.yaml");
  if (!applied.ok()) return applied.status();

  WorkloadOptions workload_options = options.workload;
  workload_options.server = (*server)->address();
  Workload workload(workload_options, [&server] { return UsageOf(**server); });
  const auto abort = [&workload](const std::string& reason) { workload.Abort(reason); };
  (*server)->WatchExit(abort);
  // The watchers outlive the workload.
  const absl::Cleanup unwatch = [&] {
    (*server)->WatchExit([](const std::string&) {});
    signals.Stop();
  };
  auto handlers = StartHandlers(options, (*server)->address(), (*folder)->path());
  if (!handlers.ok()) return handlers.status();
  for (const auto& handler : *handlers) handler->WatchExit(abort);
  signals.Watch(workload);

  absl::StatusOr<Measurement> measurement = workload.Run();
  if (!measurement.ok()) return measurement.status();
  const auto peak = PeakResidentBytesOf((*server)->pid());
  if (!peak.ok()) return peak.status();
  measurement->server_peak_bytes = *peak;
  return MakeReport(*std::move(measurement));
}

}  // namespace tasker::bench
