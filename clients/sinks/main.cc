// tasker-sinks: delivers events to where a settings file says.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <pthread.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "CLI/CLI.hpp"

#include "clients/sinks/redrive.h"
#include "clients/sinks/sink.h"
#include "clients/sinks/sink_log.h"
#include "clients/sinks/status_server.h"
#include "config/sinks/sinks_reader.h"
#include "tasker/client/security.h"

namespace {

using tasker::config::SinkSettings;

// The settings cannot be used.
constexpr int kExitSettings = 2;

struct Flags {
  std::string config;
  bool check = false;
  std::string server = "127.0.0.1:7420";
  std::string name;
  bool use_tls = false;
  tasker::client::TlsOptions tls;
  std::string token_file;
  std::vector<std::string> only;
  std::string metrics_listen;
  unsigned drain_seconds = 30;
  std::string log_level = "info";
  std::string log_format = "text";
  // Of `redrive`.
  std::string sink;
  std::string letters;
};

std::string HostAndProcess() {
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return "tasker-sinks@" + std::string(host) + ":" + std::to_string(getpid());
}

void AddFlags(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", TASKER_VERSION);
  app.add_option("-c,--config", flags.config,
                 "file with a section `sinks`: one of its own, or taskerd's settings")
      ->required();
  app.add_flag("--check", flags.check, "check the file and exit: 0 if it is right, else 2");
  app.add_option("--server", flags.server, "host:port of the service, or several with commas")
      ->envname("TASKER_SERVER")
      ->capture_default_str();
  app.add_option("--name", flags.name, "what the service calls this process");
  app.add_option("--only", flags.only, "run this sink alone; may be repeated");
  app.add_flag("--tls", flags.use_tls, "connect to the service over TLS");
  app.add_option("--tls-ca", flags.tls.ca_file, "whose certificates are trusted at the service");
  app.add_option("--tls-cert", flags.tls.certificate_file, "this program's certificate, PEM");
  app.add_option("--tls-key", flags.tls.key_file, "its key, PEM");
  app.add_option("--token-file", flags.token_file,
                 "where the access token is; read again whenever it is needed");
  app.add_option("--metrics-listen", flags.metrics_listen,
                 "host:port of /metrics, /health/live and /health/ready; none by default");
  app.add_option("--drain-timeout", flags.drain_seconds, "seconds to finish in when it is stopped")
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", flags.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

// Nullopt, with what is wrong on stderr, if the file cannot be used.
std::optional<std::vector<SinkSettings>> ReadSinks(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    std::cerr << path << ": cannot be read\n";
    return std::nullopt;
  }
  tasker::config::LoadedSinks loaded =
      tasker::config::LoadSinks(text, path, tasker::config::EnvironmentVariables());
  if (!HasErrors(loaded.diagnostics)) {
    for (const SinkSettings& sink : loaded.sinks) {
      for (auto& each : tasker::sinks::CheckTarget(sink, path)) {
        loaded.diagnostics.push_back(std::move(each));
      }
    }
  }
  if (!loaded.diagnostics.empty()) std::cerr << ToString(loaded.diagnostics) << '\n';
  if (HasErrors(loaded.diagnostics)) return std::nullopt;
  return std::move(loaded.sinks);
}

// What is left of the sinks by --only. False, with a line on stderr: there is none of that name.
bool Select(const std::vector<std::string>& only, std::vector<SinkSettings>& sinks) {
  if (only.empty()) return true;
  for (const std::string& name : only) {
    const auto has_name = [&](const SinkSettings& sink) { return sink.name == name; };
    if (std::ranges::any_of(sinks, has_name)) continue;
    std::cerr << "there is no sink `" << name << "`\n";
    return false;
  }
  std::erase_if(sinks, [&](const SinkSettings& sink) {
    return std::ranges::find(only, sink.name) == only.end();
  });
  return true;
}

int Redrive(const Flags& flags, std::vector<SinkSettings> sinks) {
  if (!Select({flags.sink}, sinks)) return kExitSettings;
  auto target = tasker::sinks::OpenTarget(sinks[0]);
  if (!target.ok()) {
    std::cerr << std::string(target.status().message()) << '\n';
    return kExitSettings;
  }
  const auto report = tasker::sinks::Redrive(sinks[0], *std::move(target), flags.letters);
  if (!report.ok()) {
    std::cerr << std::string(report.status().message()) << '\n';
    return 1;
  }
  for (const std::string& complaint : report->complaints) std::cerr << complaint << '\n';
  // Standard output may be the target.
  std::cerr << report->delivered << " delivered, " << report->failed
            << " among the dead letters again, " << report->left << " left where they were\n";
  return report->failed + report->left == 0 ? 0 : 1;
}

std::unique_ptr<tasker::client::ServiceChannel> ChannelOf(const Flags& flags) {
  std::optional<tasker::client::TlsOptions> tls;
  if (flags.use_tls || !flags.tls.ca_file.empty() || !flags.tls.key_file.empty() ||
      !flags.tls.certificate_file.empty()) {
    tls = flags.tls;
  }
  tasker::client::TokenSource token;
  if (!flags.token_file.empty()) token = tasker::client::TokenFromFile(flags.token_file);
  return std::make_unique<tasker::client::ServiceChannel>(flags.server, nullptr, tls, token);
}

// Ends all sinks within the limit. False: one did not finish.
bool StopAll(std::vector<std::unique_ptr<tasker::sinks::Sink>>& sinks, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (const auto& sink : sinks) sink->BeginStop();
  bool finished = true;
  for (const auto& sink : sinks) finished = sink->AwaitStopped(deadline) && finished;
  return finished;
}

int Serve(const Flags& flags, const std::vector<SinkSettings>& settings, const sigset_t& signals) {
  tasker::sinks::Metrics metrics;
  std::vector<std::unique_ptr<tasker::sinks::Sink>> sinks;
  const std::string name = flags.name.empty() ? HostAndProcess() : flags.name;
  for (const SinkSettings& each : settings) {
    auto target = tasker::sinks::OpenTarget(each);
    if (!target.ok()) {
      std::cerr << each.name << ": " << std::string(target.status().message()) << '\n';
      return kExitSettings;
    }
    sinks.push_back(std::make_unique<tasker::sinks::Sink>(
        each, *std::move(target), ChannelOf(flags), name, metrics.Of(each.name)));
  }
  std::unique_ptr<tasker::sinks::StatusServer> status;
  if (!flags.metrics_listen.empty()) {
    auto started = tasker::sinks::StatusServer::Start(flags.metrics_listen, metrics, [&sinks] {
      std::vector<tasker::sinks::SinkHealth> health;
      for (const auto& sink : sinks) health.push_back(sink->health());
      return health;
    });
    if (!started.ok()) {
      std::cerr << std::string(started.status().message()) << '\n';
      return 1;
    }
    status = *std::move(started);
    tasker::sinks::Log(tasker::sinks::LogLevel::kInfo, "metrics and health are served",
                       {{"port", std::to_string(status->port())}});
  }
  int signal = 0;
  sigwait(&signals, &signal);
  tasker::sinks::Log(tasker::sinks::LogLevel::kInfo, "stopping", {{"signal", strsignal(signal)}});
  const bool finished = StopAll(sinks, std::chrono::seconds(flags.drain_seconds));
  // Before the sinks that it asks.
  status.reset();
  tasker::sinks::Log(
      tasker::sinks::LogLevel::kInfo,
      finished ? "stopped" : "stopped before all was acknowledged: the rest comes again", {});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // First, before any thread is started, so that each of them leaves these to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  Flags flags;
  CLI::App app("Delivers events of Tasker to webhooks, NATS, Kafka, files and standard output.");
  AddFlags(app, flags);
  CLI::App* redrive = app.add_subcommand("redrive", "send dead letters again");
  redrive->fallthrough();
  redrive->add_option("--sink", flags.sink, "the sink whose letters they are")->required();
  redrive->add_option("file", flags.letters, "the file of dead letters")->required();
  CLI11_PARSE(app, argc, argv);

  tasker::sinks::SetUpLog(flags.log_level, flags.log_format == "json"
                                               ? tasker::sinks::LogFormat::kJson
                                               : tasker::sinks::LogFormat::kText);
  std::optional<std::vector<SinkSettings>> sinks = ReadSinks(flags.config);
  if (!sinks) return kExitSettings;
  if (flags.check) {
    std::cout << flags.config << ": right, " << sinks->size() << " sinks\n";
    return 0;
  }
  if (redrive->parsed()) {
    // It has nothing to finish: letters that were not dealt with stay in its work file.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    return Redrive(flags, *std::move(sinks));
  }
  if (!Select(flags.only, *sinks)) return kExitSettings;
  return Serve(flags, *sinks, signals);
}
