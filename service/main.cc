// taskerd: the service as a program.
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "config/settings.h"
#include "config/template_loader.h"
#include "service/server/server.h"
#include "storage/backups.h"

// jemalloc's own name for how it is to be set up; a build with another allocator has no use for it.
// Two arenas for each core, and not its four: each keeps memory that was freed in it.
extern "C" const char* const malloc_conf;
const char* const malloc_conf = "narenas_ratio:2";

namespace {

using tasker::config::Settings;

struct Flags {
  std::string config;
  std::optional<std::string> listen;
  std::optional<std::string> metrics_listen;
  std::optional<std::string> data;
  std::optional<std::string> environment;
  std::optional<std::string> templates;
  std::optional<std::string> log_level;
  std::string check_config;
  std::vector<std::string> check_templates;
  // Set: restore that backup, 0 for the newest, and exit.
  std::optional<std::uint32_t> restore_backup;
  std::optional<std::string> backups;
};

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("-c,--config", flags.config, "Settings file; without one the defaults count");
  app.add_option("--listen", flags.listen, "host:port of gRPC, over the settings file");
  app.add_option("--metrics-listen", flags.metrics_listen, "host:port of /metrics, empty for none");
  app.add_option("--data", flags.data, "Folder of the store");
  app.add_option("--environment", flags.environment, "Which `environments` of templates count");
  app.add_option("--templates", flags.templates,
                 "Folder of templates, applied at start and when they change");
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warn or error");
  app.add_option("--check-config", flags.check_config, "Check a settings file and exit");
  app.add_option("--check-template", flags.check_templates, "Check template files and exit");
  app.add_option("--restore-backup", flags.restore_backup,
                 "Restore the backup of this number, 0 for the newest, into the empty folder of "
                 "the store, and exit");
  app.add_option("--backups", flags.backups, "Folder of the backups, over the settings file");
  app.set_version_flag("--version", TASKER_VERSION);
}

// Nullopt, with a line on stderr, if the file cannot be read.
std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file) return text;
  std::cerr << path << ": cannot be read\n";
  return std::nullopt;
}

// Nullopt, with what is wrong on stderr, if the settings cannot be used.
std::optional<Settings> ReadSettings(const std::string& path) {
  if (path.empty()) return Settings{};
  const std::optional<std::string> text = ReadFile(path);
  if (!text) return std::nullopt;
  tasker::config::LoadedSettings loaded =
      tasker::config::LoadSettings(*text, path, tasker::config::EnvironmentVariables());
  if (!loaded.diagnostics.empty()) std::cerr << ToString(loaded.diagnostics) << '\n';
  if (HasErrors(loaded.diagnostics)) return std::nullopt;
  return loaded.settings;
}

int CheckConfig(const std::string& path) {
  if (!ReadSettings(path)) return 1;
  std::cout << path << ": right\n";
  return 0;
}

int CheckTemplates(const std::vector<std::string>& paths, const std::string& environment) {
  int wrong = 0;
  for (const std::string& path : paths) {
    const std::optional<std::string> text = ReadFile(path);
    if (!text) {
      wrong = 1;
      continue;
    }
    const tasker::config::LoadedTemplate loaded = tasker::config::LoadTemplate(
        *text, {path, environment, tasker::config::EnvironmentVariables()});
    if (!loaded.diagnostics.empty()) std::cerr << ToString(loaded.diagnostics) << '\n';
    if (loaded.compiled == nullptr) {
      wrong = 1;
    } else {
      std::cout << path << ": " << loaded.compiled->id.ToString() << ", right\n";
    }
  }
  return wrong;
}

int RestoreBackup(const Settings& settings, std::uint32_t id) {
  if (settings.backups_folder.empty()) {
    std::cerr << "no folder of backups is named: give --backups, or set `backups.folder`\n";
    return 1;
  }
  const absl::Status restored =
      tasker::storage::RestoreBackup(settings.backups_folder, id, settings.data);
  if (!restored.ok()) {
    std::cerr << std::string(restored.message()) << '\n';
    return 1;
  }
  std::cout << "restored into " << settings.data << '\n';
  return 0;
}

void Override(const Flags& flags, Settings& settings) {
  settings.listen = flags.listen.value_or(settings.listen);
  settings.metrics_listen = flags.metrics_listen.value_or(settings.metrics_listen);
  settings.data = flags.data.value_or(settings.data);
  settings.environment = flags.environment.value_or(settings.environment);
  settings.templates = flags.templates.value_or(settings.templates);
  settings.log_level = flags.log_level.value_or(settings.log_level);
  settings.backups_folder = flags.backups.value_or(settings.backups_folder);
}

void SetUpLog(const std::string& level) {
  auto log = spdlog::stderr_color_mt("taskerd");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  log->set_level(spdlog::level::from_str(level));
  log->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(log));
}

int Serve(const Settings& settings) {
  // Before any thread is made, so that each of them leaves these signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  absl::StatusOr<std::unique_ptr<tasker::service::Server>> server =
      tasker::service::Server::Start(settings);
  if (!server.ok()) {
    spdlog::critical(std::string(server.status().message()));
    return 1;
  }
  const std::string host = settings.listen.substr(0, settings.listen.rfind(':'));
  spdlog::info("listening on {}:{}, data in {}, environment {}", host, (*server)->port(),
               settings.data, settings.environment);
  if (!settings.metrics_listen.empty())
    spdlog::info("metrics on port {}", (*server)->metrics_port());

  // A partition that cannot commit ends the service just as a signal does.
  absl::Status failure;
  std::thread watcher([&] {
    pthread_setname_np(pthread_self(), "watcher");
    failure = (*server)->AwaitFailure();
    kill(getpid(), SIGTERM);
  });
  int received = 0;
  sigwait(&signals, &received);
  spdlog::info("stopping");
  (*server)->Stop();
  watcher.join();
  if (!failure.ok()) {
    spdlog::critical("stopped: {}", std::string(failure.message()));
    return 1;
  }
  spdlog::info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Debian's Abseil looks for deadlocks at each lock taken, here and within gRPC; the tests do.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app{"taskerd: Tasker's durable workflow service"};
  Flags flags;
  AddFlags(app, flags);
  CLI11_PARSE(app, argc, argv);
  if (!flags.check_config.empty()) return CheckConfig(flags.check_config);
  if (!flags.check_templates.empty()) {
    return CheckTemplates(flags.check_templates, flags.environment.value_or(""));
  }
  std::optional<Settings> settings = ReadSettings(flags.config);
  if (!settings) return 1;
  Override(flags, *settings);
  if (flags.restore_backup) return RestoreBackup(*settings, *flags.restore_backup);
  SetUpLog(settings->log_level);
  return Serve(*settings);
}
