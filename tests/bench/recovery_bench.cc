// How long a start takes, and how much memory, by what the store holds: `make bench-recovery`.
//
// Makes a store of finished and open tasks with the engine itself, then starts a `taskerd` on it
// and a handler, and tells when the first step arrives.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"

#include "clients/bench/handler_classes.h"
#include "clients/bench/process_usage.h"
#include "clients/bench/scratch_folder.h"
#include "clients/bench/server_process.h"
#include "clients/bench/workload.h"
#include "engine/partition.h"
#include "service/pipeline/clock.h"
#include "service/pipeline/record_batch.h"
#include "service/tasks/new_task_id.h"
#include "service/templates/template_registry.h"
#include "storage/keys.h"
#include "storage/rocksdb_store.h"
#include "tasker/client/worker.h"

namespace tasker::bench {
namespace {

constexpr storage::PartitionId kPartition{0};
constexpr std::uint32_t kSteps = 5;
constexpr int kTasksPerCommit = 2000;

// Whatever goes wrong here ends the run.
template <typename Value>
Value OrDie(absl::StatusOr<Value> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << '\n';
  std::exit(1);
}
void OrDie(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << '\n';
  std::exit(1);
}

// Writes tasks into a store as the service would.
class Filler {
 public:
  explicit Filler(const std::string& folder, std::size_t context_bytes)
      : context_(engine::MakePayload(
            absl::StrFormat(R"({"padding": "%s"})", std::string(context_bytes, 'x')))) {
    storage::RocksDbOptions options;
    options.folder = folder;
    store_ = OrDie(storage::OpenRocksDbStore(options));
    std::vector<std::string> problems;
    registry_ = OrDie(service::TemplateRegistry::Open(
        store_.get(), "development",
        [](std::string_view) -> std::optional<std::string> { return std::nullopt; }, problems));
    template_ = OrDie(registry_->Apply(ChainWorkload(kSteps).yaml, "bench")).entry->compiled;
    own_ = OrDie(store_->Acquire(kPartition));
  }

  // All of their steps done.
  void AddFinished(int count) {
    Apply(engine::RegisterHandler{kSession, "h", "i", 1'000'000, {{kStepClass, "", "", 0}}, {}});
    Add(count, true);
    Apply(engine::DisconnectHandler{kSession});
  }
  // Their first step ready.
  void AddOpen(int count) { Add(count, false); }

 private:
  static constexpr engine::SessionId kSession{1};

  void Add(int count, bool finish) {
    for (int i = 1; i <= count; ++i) {
      Apply(engine::CreateTask{service::NewTaskId(service::ReadClock()), template_, context_, {}});
      while (finish && !ready_.empty()) {
        const engine::AttemptToken token = ready_.back();
        ready_.pop_back();
        Apply(engine::CompleteAttempt{kSession, token, engine::MakePayload(R"({"ok":true})")});
      }
      if (i % kTasksPerCommit == 0 || i == count) Commit();
    }
  }

  void Apply(engine::Command command) {
    engine::Effects effects;
    OrDie(partition_.Apply(std::move(command), clock_.Now(), effects));
    for (const auto& write : effects.records) {
      service::AddRecord(write, kPartition, storage::Next(own_.last_sequence), rows_, batch_);
    }
    for (const auto& assignment : effects.assignments) ready_.push_back(assignment.token);
  }

  void Commit() {
    own_.last_sequence = storage::Next(own_.last_sequence);
    OrDie(store_->Commit(kPartition, own_.epoch, own_.last_sequence, batch_).detail);
    batch_.Clear();
    rows_ = 0;
  }

  const engine::Payload context_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<service::TemplateRegistry> registry_;
  engine::TaskTemplatePtr template_;
  storage::Ownership own_{};
  engine::Partition partition_{{}, 1};
  service::SteadyWallClock clock_;
  storage::Batch batch_;
  std::uint32_t rows_ = 0;
  std::vector<engine::AttemptToken> ready_;
};

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void Measure(const std::string& taskerd, const std::string& folder,
             const std::string& task_memory) {
  const auto begin = std::chrono::steady_clock::now();
  const auto server = OrDie(ServerProcess::Start(taskerd, folder, std::chrono::seconds(600),
                                                 "limits: {task_memory: " + task_memory + "}\n"));
  const double serving = SecondsSince(begin);
  absl::Notification dispatched;
  double first_dispatch = 0;
  client::WorkerOptions options;
  options.server = server->address();
  options.name = "recovery-bench";
  options.concurrency = 1;
  options.threads = 1;
  client::Worker worker(options);
  worker.RegisterRaw(kStepClass,
                     [&](const client::Task&, const client::Sequence&, const client::Step&) {
                       if (!dispatched.HasBeenNotified()) {
                         first_dispatch = SecondsSince(begin);
                         dispatched.Notify();
                       }
                       return std::string("{}");
                     });
  std::thread runs([&] { OrDie(worker.Run()); });
  dispatched.WaitForNotification();
  worker.Stop();
  runs.join();
  std::cout << absl::StrFormat(
      "serving after %.2f s, first dispatch after %.2f s, peak %.0f MB\n", serving, first_dispatch,
      static_cast<double>(OrDie(PeakResidentBytesOf(server->pid()))) / 1e6);
}

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  namespace bench = tasker::bench;
  int finished = 1'000'000;
  int open = 100'000;
  std::size_t context_bytes = 200;
  std::string parent = ".";
  std::string task_memory = "512MiB";
  std::string taskerd = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "taskerd";
  CLI::App app("Measures a start on a store with many tasks.");
  app.add_option("--finished", finished, "Finished tasks")->capture_default_str();
  app.add_option("--open", open, "Open tasks, their first step ready")->capture_default_str();
  app.add_option("--context-bytes", context_bytes, "Of each task")->capture_default_str();
  app.add_option("--task-memory", task_memory, "The setting limits.task_memory")
      ->capture_default_str();
  app.add_option("--data-dir", parent, "A folder on a disk")->capture_default_str();
  app.add_option("--taskerd", taskerd, "The program to measure")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto folder = bench::OrDie(bench::ScratchFolder::Make(parent, false));
  {
    bench::Filler filler(folder->path() + "/data", context_bytes);
    filler.AddFinished(finished);
    filler.AddOpen(open);
  }
  std::cout << absl::StrFormat("%d finished and %d open tasks of %d steps\n", finished, open,
                               bench::kSteps);
  // The first start also writes out the log that the filling left.
  for (int run = 0; run < 3; ++run) bench::Measure(taskerd, folder->path(), task_memory);
  return 0;
}
