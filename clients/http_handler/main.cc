// tasker-http-handler: a handler service for steps over HTTP APIs that need no code.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"

#include "clients/http_handler/address_rules.h"
#include "clients/http_handler/api_handler.h"
#include "tasker/client/stop_signals.h"
#include "tasker/client/worker.h"

namespace {

using tasker::http_handler::NetworkOf;

std::string CheckNetwork(const std::string& text) {
  return NetworkOf(text) ? "" : "`" + text + "` is no network such as 10.0.0.0/8 or fd00::/8";
}

struct Flags {
  std::vector<std::string> handler_classes = {"Tasker::StepHandler::Api"};
  std::vector<std::string> allowed;
  std::vector<std::string> denied;
  bool deny_private = false;
  tasker::client::TlsOptions tls;
  bool use_tls = false;
  std::string token_file;
  unsigned drain_seconds = 30;
};

}  // namespace

int main(int argc, char** argv) {
  // First, before any thread is started.
  tasker::client::StopSignals signals;
  tasker::client::WorkerOptions options;
  options.name = "tasker-http-handler";
  options.concurrency = 32;
  tasker::http_handler::ApiHandlerOptions api;
  Flags flags;

  CLI::App app("Does steps of type `api`: requests over HTTP that a template describes.");
  app.add_option("--server", options.server, "host:port of the service, or several with commas")
      ->capture_default_str();
  app.add_option("--name", options.name, "what this service is called")->capture_default_str();
  app.add_option("--namespace", options.namespace_name, "only steps of this namespace");
  app.add_option("--handler-class", flags.handler_classes, "the class to serve; may be repeated")
      ->capture_default_str();
  app.add_option("--concurrency", options.concurrency, "requests at one time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--allow-address", flags.allowed,
                 "a network that requests may go to though it is denied by default, such as "
                 "127.0.0.1/32; may be repeated")
      ->check(CLI::Validator(CheckNetwork, "NETWORK"));
  app.add_option("--deny-address", flags.denied,
                 "a network that requests may not go to, whatever else is allowed; may be repeated")
      ->check(CLI::Validator(CheckNetwork, "NETWORK"));
  app.add_flag("--deny-private", flags.deny_private, "deny private networks too");
  app.add_option("--max-redirects", api.http.redirects_max, "redirects followed")
      ->check(CLI::Range(0, 20))
      ->capture_default_str();
  app.add_option("--max-response-bytes", api.http.response_bytes_max, "longer responses fail")
      ->capture_default_str();
  app.add_option("--http-ca", api.http.ca_file, "whose certificates are trusted at the APIs, PEM")
      ->check(CLI::ExistingFile);
  app.add_flag("--allow-unverified-certificates", api.allow_unverified_certificates,
               "let templates say `ssl: false`");
  app.add_flag("--tls", flags.use_tls, "connect to the service over TLS");
  app.add_option("--tls-ca", flags.tls.ca_file, "whose certificates are trusted at the service");
  app.add_option("--tls-cert", flags.tls.certificate_file, "this handler's certificate, PEM");
  app.add_option("--tls-key", flags.tls.key_file, "its key, PEM");
  app.add_option("--token-file", flags.token_file,
                 "where the access token is; read again whenever it is needed");
  app.add_option("--drain-timeout", flags.drain_seconds, "seconds to finish in when it is stopped")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  auto rules = std::make_shared<tasker::http_handler::AddressRules>();
  for (const std::string& network : flags.allowed) rules->Allow(*NetworkOf(network));
  for (const std::string& network : flags.denied) rules->Deny(*NetworkOf(network));
  if (flags.deny_private) rules->DenyPrivate();
  api.http.deny_address = [rules](const sockaddr& address) { return rules->WhyDenied(address); };

  // They wait, mostly.
  options.threads = options.concurrency;
  options.drain_max = std::chrono::seconds(flags.drain_seconds);
  const bool tls = flags.use_tls || !flags.tls.ca_file.empty() || !flags.tls.key_file.empty() ||
                   !flags.tls.certificate_file.empty();
  if (tls) options.tls = flags.tls;
  if (!flags.token_file.empty()) options.token = tasker::client::TokenFromFile(flags.token_file);

  tasker::client::Worker worker(options);
  const auto handler = std::make_shared<tasker::http_handler::ApiHandler>(std::move(api));
  for (const std::string& name : flags.handler_classes) worker.Register(name, handler);
  signals.Watch(worker);
  const absl::Status status = worker.Run();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
