#include "tasker/testkit/taskerd_server.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <regex>
#include <spawn.h>
#include <stdexcept>
#include <thread>

#include <sys/wait.h>

#include "clients/cpp/src/text_file.h"

extern char** environ;

namespace tasker::testkit {
namespace {

constexpr std::chrono::milliseconds kLook{10};
constexpr std::chrono::seconds kDrainMax{10};

std::string ProgramOf(const TaskerdOptions& options) {
  if (!options.program.empty()) return options.program;
  const char* const named = std::getenv("TASKERD");
  return named != nullptr && *named != '\0' ? named : "taskerd";
}

std::string NewFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "taskerd-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("cannot make " + pattern + ": " + std::strerror(errno));
  }
  return pattern;
}

// A worker that runs as long as this object.
class BackgroundWorker {
 public:
  BackgroundWorker(const std::string& server, const std::function<void(client::Worker&)>& setup)
      : worker_({.server = server,
                 .name = "test-handlers",
                 .drain_max = kDrainMax,
                 .log = [](std::string_view) {}}) {
    setup(worker_);
    thread_ = std::thread([this] { status_ = worker_.Run(); });
  }
  ~BackgroundWorker() {
    worker_.Stop();
    thread_.join();
  }

 private:
  client::Worker worker_;
  absl::Status status_;
  std::thread thread_;  // Touches the worker alone.
};

}  // namespace

TaskerdServer::TaskerdServer(TaskerdOptions options)
    : options_(std::move(options)), folder_(NewFolder()) {
  try {
    Start("127.0.0.1:0");
  } catch (...) {
    std::filesystem::remove_all(folder_);
    throw;
  }
}

TaskerdServer::~TaskerdServer() {
  client_.reset();
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TaskerdServer::log() const { return client::ReadTextFile(folder_ + "/log"); }

void TaskerdServer::Start(const std::string& listen) {
  std::vector<std::string> arguments = {ProgramOf(options_), "--listen",    listen,
                                        "--metrics-listen",  "127.0.0.1:0", "--data",
                                        folder_ + "/data"};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string log_path = folder_ + "/log";
  posix_spawn_file_actions_addopen(&actions, 1, log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int error =
      posix_spawnp(&process_, arguments[0].c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    process_ = -1;
    throw std::runtime_error("cannot start " + arguments[0] + ": " + std::strerror(error));
  }
  try {
    address_ = AwaitAddress();
  } catch (...) {
    Kill();
    throw;
  }
  client_ = std::make_unique<client::Client>(client::ClientOptions{.server = address_});
}

// It says where it listens once it does; there is no event for that other than its log.
std::string TaskerdServer::AwaitAddress() const {
  static const std::regex kListening(R"(listening on ([^\s,]+:[0-9]+))");
  const auto until = std::chrono::steady_clock::now() + options_.start_max;
  for (;;) {
    std::smatch found;
    const std::string said = std::filesystem::exists(folder_ + "/log") ? log() : "";
    if (std::regex_search(said, found, kListening)) return found[1];
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0) throw std::runtime_error("taskerd ended at its start:\n" + log());
    if (std::chrono::steady_clock::now() > until) {
      throw std::runtime_error("taskerd does not start:\n" + said);
    }
    std::this_thread::sleep_for(kLook);
  }
}

void TaskerdServer::Kill() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void TaskerdServer::Restart() {
  Kill();
  Start(std::string(address_));
}

void TaskerdServer::ApplyTemplates(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const auto applied = client_->ApplyTemplate(client::ReadTextFile(path), path);
    if (!applied.ok()) throw std::runtime_error(applied.status().ToString());
  }
}

v1::Task TaskerdServer::RunTask(const client::NewTask& task,
                                const std::function<void(client::Worker&)>& setup,
                                std::chrono::milliseconds wait_max) {
  const BackgroundWorker worker(address_, setup);
  const auto created = client_->CreateTask(task);
  if (!created.ok()) throw std::runtime_error(created.status().ToString());
  auto ended = client_->WaitForTask(created->task_id(), wait_max);
  if (!ended.ok()) throw std::runtime_error(ended.status().ToString());
  return *std::move(ended);
}

}  // namespace tasker::testkit
