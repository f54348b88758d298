// Does steps that are nothing but configuration.
#pragma once

#include "tasker/client/step_handler.h"
#include "tasker/http/api_step_handler.h"
#include "tasker/http/http_client.h"

namespace tasker::http_handler {

// What the person who runs the service allows templates.
struct ApiHandlerOptions {
  http::HttpClientOptions http = {};
  // Whether `ssl: false` may switch off the check of certificates.
  bool allow_unverified_certificates = false;
};

// Makes the request that the step's `handler_config` describes, placeholders filled in; see
// README.md for its keys. Thread-safe.
class ApiHandler : public client::StepHandler {
 public:
  explicit ApiHandler(ApiHandlerOptions options);

  client::Json process(const client::Task& task, const client::Sequence& sequence,
                       const client::Step& step) override;

 private:
  const bool allow_unverified_certificates_;
  http::HttpClient http_;
};

}  // namespace tasker::http_handler
