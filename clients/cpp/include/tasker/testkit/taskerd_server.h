// A real service for tests: `taskerd` on a free port, with a store that goes away with it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tasker/client/client.h"
#include "tasker/client/worker.h"

namespace tasker::testkit {

// How it is started.
struct TaskerdOptions {
  // The program; empty: what the environment's TASKERD names, else `taskerd` on the PATH.
  std::string program = {};
  // More arguments for it.
  std::vector<std::string> arguments = {};
  // How long it may take to start; only a broken one meets it.
  std::chrono::seconds start_max = std::chrono::seconds(60);
};

// Starts at construction, on loopback; ends, and its store is removed, at destruction. Throws
// std::runtime_error with what the program said if it does not start.
//
// Not thread-safe, but for address().
class TaskerdServer {
 public:
  explicit TaskerdServer(TaskerdOptions options = {});
  ~TaskerdServer();

  TaskerdServer(const TaskerdServer&) = delete;
  TaskerdServer& operator=(const TaskerdServer&) = delete;

  // host:port, the same over restarts.
  const std::string& address() const { return address_; }
  client::Client& client() { return *client_; }

  // Applies template files. Throws std::runtime_error that says what is wrong with one.
  void ApplyTemplates(const std::vector<std::string>& paths);

  // Runs a task with these handlers to its end and gives it back, with its steps. `setup` registers
  // them with a worker that lives as long as the call. Throws std::runtime_error if the task cannot
  // be created or does not end within `wait_max`.
  v1::Task RunTask(const client::NewTask& task, const std::function<void(client::Worker&)>& setup,
                   std::chrono::milliseconds wait_max = std::chrono::seconds(60));

  // Ends the process as kill -9 does; starts it again on the same store and port.
  void Kill();
  void Restart();

  // What it has said so far.
  std::string log() const;

 private:
  void Start(const std::string& listen);
  std::string AwaitAddress() const;

  const TaskerdOptions options_;
  std::string folder_;
  std::string address_;
  pid_t process_ = -1;
  std::unique_ptr<client::Client> client_;
};

}  // namespace tasker::testkit
