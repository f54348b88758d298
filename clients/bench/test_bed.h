// A service with handlers and onlookers, ready to be measured.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/bench/child_process.h"
#include "clients/bench/scratch_folder.h"
#include "clients/bench/server_process.h"
#include "clients/bench/usage_probe.h"
#include "clients/bench/workload.h"

namespace tasker::bench {

// Where the programs are, and which service is measured.
struct BedOptions {
  // The `taskerd` to start.
  std::string taskerd;
  // This program, which is also the handler process and the crowd.
  std::string self;
  // Measures this service, host:port, instead of starting one; it is not fresh then.
  std::string address;
  // Where such a service serves `/metrics`, host:port; empty: what they tell stays unknown.
  std::string metrics_address;
  // A folder on a disk, for the store.
  std::string data_dir = ".";
  // Whether store and logs stay when all is over.
  bool keep_data = false;
  // Further settings of the `taskerd`, as YAML.
  std::string settings;
  // How long it may take to be ready.
  std::chrono::seconds ready_max{60};
};

// Who does the steps.
struct HandlerOptions {
  // `cpp`, or the name of a client in another language that has a bench handler; see
  // handler_programs.h.
  std::string language = "cpp";
  // Started as `PROGRAM --address HOST:PORT --concurrency N` in place of one of those; empty: none.
  std::string program;
  std::uint32_t processes = 1;
  // Steps of each process at one time; 0: as fits.
  std::uint32_t concurrency = 0;
  // Of the C++ handler: threads that run steps; 0: on the thread of the connection.
  std::uint32_t threads = 0;
  // Whether it is the one of sleeping_handler.h.
  bool sleeping = false;
};

// Those that are there and want nothing, or only listen.
struct CrowdOptions {
  std::uint32_t idle_handlers = 0;
  std::uint32_t templates = 0;
  std::uint32_t subscribers = 0;
  // Names or patterns of the events that they ask for.
  std::vector<std::string> subscriber_events = {"task.failed"};
};

// All ends with this object, handlers first.
class TestBed {
 public:
  // Starts all and waits until it is ready. Errors say what would not start and what it said.
  static absl::StatusOr<std::unique_ptr<TestBed>> Make(const BedOptions& options);

  // Applies the template of `workload`.
  absl::Status Apply(const Workload& workload);
  // Starts handlers; they connect in their own time, and steps wait for them.
  absl::Status StartHandlers(const HandlerOptions& options);
  // Ends the handlers and waits for their end.
  void StopHandlers() { handlers_.clear(); }
  // Brings the crowd, and waits until all of it is there.
  absl::Status Bring(const CrowdOptions& options);

  // Tells of the first process that ends by itself; replaces the callback before.
  void WatchExit(const std::function<void(const std::string& reason)>& on_exit);
  // `threads`: whether to look at each thread of the server.
  UsageProbe Probe(bool threads) const;
  const std::string& address() const { return address_; }
  // Null if the service is not ours.
  const ServerProcess* server() const { return server_.get(); }

 private:
  explicit TestBed(BedOptions options) : options_(std::move(options)) {}
  absl::Status StartChild(const std::vector<std::string>& arguments, const std::string& log,
                          std::vector<std::unique_ptr<ChildProcess>>& children);

  const BedOptions options_;
  std::unique_ptr<ScratchFolder> folder_;
  std::unique_ptr<ServerProcess> server_;
  std::string address_;
  std::vector<std::unique_ptr<ChildProcess>> crowd_;
  std::vector<std::unique_ptr<ChildProcess>> handlers_;
};

}  // namespace tasker::bench
