// The handler that tests/conformance drives: `run --address HOST:PORT ...`.
#include <iostream>

#include "CLI/CLI.hpp"

#include "clients/cpp/conformance/handlers.h"
#include "tasker/client/stop_signals.h"
#include "tasker/client/worker.h"

int main(int argc, char** argv) {
  tasker::client::StopSignals signals;
  tasker::client::WorkerOptions options;
  options.name = "conformance";
  options.concurrency = 4;
  std::string ca_file, token_file;
  CLI::App app("The conformance suite's handler in C++.");
  app.add_option("--address", options.server, "host:port of the service, or several with commas");
  app.add_option("--concurrency", options.concurrency, "steps at one time")->capture_default_str();
  app.add_option("--tls-ca", ca_file, "whose certificates are trusted; else plain text");
  app.add_option("--token-file", token_file,
                 "where the access token is, read whenever it is needed");
  app.add_option("--namespace", options.namespace_name, "only steps of this namespace");
  CLI11_PARSE(app, argc, argv);
  options.threads = options.concurrency;
  if (!ca_file.empty()) options.tls = tasker::client::TlsOptions{.ca_file = ca_file};
  if (!token_file.empty()) options.token = tasker::client::TokenFromFile(token_file);

  tasker::client::Worker worker(options);
  tasker::conformance::RegisterAll(worker);
  signals.Watch(worker);
  const absl::Status status = worker.Run();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
