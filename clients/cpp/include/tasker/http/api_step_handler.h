// Steps that call an HTTP API.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tasker/client/step_handler.h"
#include "tasker/http/http_client.h"
#include "tasker/http/response_check.h"

namespace tasker::http {

// What a template's `handler_config` says of an API: an object of
//
//   url (required), method (GET), params, headers, body or payload (an object or list is sent as
//   JSON), ssl (false, or {verify: false}: any certificate is taken), timeout (seconds, 30),
//   retries (more tries within one attempt, 0), retry_delay (seconds between them, 1),
//   enable_exponential_backoff (true: each delay is twice the one before)
struct ApiConfig {
  std::string url;
  std::string method = "GET";
  Headers params = {};
  Headers headers = {};
  std::optional<std::string> body = {};
  bool verify_certificate = true;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  int retries = 0;
  std::chrono::milliseconds retry_delay = std::chrono::seconds(1);
  bool exponential_backoff = false;
};

// Reads it. Throws client::PermanentError that names the key that is not as it should be.
ApiConfig ApiConfigOf(const client::Json& handler_config);

// `value` for a query or a header: text as it is, all else as JSON.
std::string PlainText(const client::Json& value);

// Throws if a response is not wanted, such as RequireSuccess.
using ResponseCheck = std::function<void(const HttpResponse& response)>;

// Calls of one step to the API that its settings name. The configured headers, the trace and the
// timeout go with each; a response that is not wanted throws what `check` does, after the
// configured retries if that is a RetryableError. Belongs to the step's thread.
class ApiConnection {
 public:
  // As the step's settings say. All must outlive it.
  ApiConnection(HttpClient& http, const client::Step& step);
  // As `config` says instead.
  ApiConnection(HttpClient& http, const client::Step& step, ApiConfig config,
                ResponseCheck check = RequireSuccess);

  // `path` is put behind the configured URL, unless it is a whole URL itself. `body` is sent as
  // JSON.
  HttpResponse Get(const std::string& path = {}, const Headers& params = {});
  HttpResponse Delete(const std::string& path = {}, const Headers& params = {});
  HttpResponse Post(const std::string& path, const client::Json& body);
  HttpResponse Put(const std::string& path, const client::Json& body);
  HttpResponse Patch(const std::string& path, const client::Json& body);
  // The configured request.
  HttpResponse SendConfigured();

  const ApiConfig& config() const { return config_; }

 private:
  HttpRequest Request(const std::string& method, const std::string& path, const Headers& params,
                      std::optional<std::string> body) const;
  HttpResponse Send(const HttpRequest& request);

  HttpClient& http_;
  const client::Step& step_;
  const ApiConfig config_;
  const ResponseCheck check_;
};

// Unless `process` is overridden, makes the configured request; its results are the response's
// status, headers and body, see ResultsOf. One object does all steps of its class; thread-safe.
class ApiStepHandler : public client::StepHandler {
 public:
  explicit ApiStepHandler(HttpClientOptions options = {}) : http_(std::move(options)) {}

  client::Json process(const client::Task& task, const client::Sequence& sequence,
                       const client::Step& step) override;

 protected:
  // For one's own calls in `process`.
  ApiConnection connection(const client::Step& step) { return ApiConnection(http_, step); }

 private:
  HttpClient http_;
};

}  // namespace tasker::http
