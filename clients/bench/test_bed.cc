#include "clients/bench/test_bed.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/bench/crowd.h"
#include "clients/bench/handler_programs.h"
#include "tasker/client/client.h"

namespace tasker::bench {
namespace {

// A template of 100,000 steps takes its time.
constexpr std::chrono::minutes kApplyMax{2};

}  // namespace

absl::StatusOr<std::unique_ptr<TestBed>> TestBed::Make(const BedOptions& options) {
  std::unique_ptr<TestBed> bed(new TestBed(options));
  auto folder = ScratchFolder::Make(options.data_dir, options.keep_data);
  if (!folder.ok()) return folder.status();
  bed->folder_ = *std::move(folder);
  if (!options.address.empty()) {
    bed->address_ = options.address;
    return bed;
  }
  auto server = ServerProcess::Start(options.taskerd, bed->folder_->path(), options.ready_max,
                                     options.settings);
  if (!server.ok()) return server.status();
  bed->server_ = *std::move(server);
  bed->address_ = bed->server_->address();
  return bed;
}

absl::Status TestBed::Apply(const Workload& workload) {
  client::Client client({.server = address_, .timeout = kApplyMax});
  return client.ApplyTemplate(workload.yaml, workload.task_name).status();
}

absl::Status TestBed::StartHandlers(const HandlerOptions& options) {
  for (std::uint32_t i = 0; i < options.processes; ++i) {
    auto arguments = HandlerCommand(options, options_.self, address_);
    if (!arguments.ok()) return arguments.status();
    const std::string log = absl::StrCat("handler-", i, ".log");
    if (absl::Status started = StartChild(*arguments, log, handlers_); !started.ok()) {
      return started;
    }
  }
  return absl::OkStatus();
}

absl::Status TestBed::Bring(const CrowdOptions& options) {
  if (options.templates > 0) {
    if (absl::Status applied = ApplyTemplates(address_, options.templates); !applied.ok()) {
      return applied;
    }
  }
  if (options.idle_handlers == 0 && options.subscribers == 0) return absl::OkStatus();
  const absl::Status started = StartChild(
      {options_.self, "bench", "crowd", "--address", address_, "--idle-handlers",
       std::to_string(options.idle_handlers), "--subscribers", std::to_string(options.subscribers),
       "--events", absl::StrJoin(options.subscriber_events, ",")},
      "crowd.log", crowd_);
  if (!started.ok()) return started;
  return AwaitCrowd(*crowd_.back());
}

void TestBed::WatchExit(const std::function<void(const std::string&)>& on_exit) {
  if (server_ != nullptr) server_->WatchExit(on_exit);
  for (const auto& handler : handlers_) handler->WatchExit(on_exit);
  for (const auto& each : crowd_) each->WatchExit(on_exit);
}

UsageProbe TestBed::Probe(bool threads) const {
  std::vector<pid_t> handlers;
  for (const auto& handler : handlers_) handlers.push_back(handler->pid());
  return UsageProbe(server_ == nullptr ? 0 : server_->pid(),
                    server_ == nullptr ? options_.metrics_address : server_->metrics_address(),
                    std::move(handlers), threads);
}

absl::Status TestBed::StartChild(const std::vector<std::string>& arguments, const std::string& log,
                                 std::vector<std::unique_ptr<ChildProcess>>& children) {
  auto child = ChildProcess::Start(arguments, folder_->path() + "/" + log);
  if (!child.ok()) return child.status();
  children.push_back(*std::move(child));
  return absl::OkStatus();
}

}  // namespace tasker::bench
