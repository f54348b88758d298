#include "tasker/http/api_step_handler.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

#include "clients/cpp/src/json_text.h"

namespace tasker::http {
namespace {

using client::Json;
using client::PermanentError;

// A day: longer than any request or pause within an attempt should be.
constexpr double kSecondsMax = 86'400;
constexpr int kRetriesMax = 100;

[[noreturn]] void Refuse(const std::string& key, const std::string& expected) {
  throw PermanentError("handler_config." + key + ": must be " + expected);
}

// The value of `key`; null if it is not there.
const Json& ValueOf(const Json& config, const std::string& key) {
  static const Json kNull;
  const auto found = config.find(key);
  return found == config.end() ? kNull : *found;
}

std::chrono::milliseconds SecondsOf(const Json& config, const std::string& key,
                                    std::chrono::milliseconds fallback) {
  const Json& value = ValueOf(config, key);
  if (value.is_null()) return fallback;
  if (!value.is_number() || !(value.get<double>() >= 0) || value.get<double>() > kSecondsMax) {
    Refuse(key, "a number of seconds from 0 to 86400");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(value.get<double>() * 1000));
}

Headers PairsOf(const Json& config, const std::string& key) {
  const Json& value = ValueOf(config, key);
  Headers pairs;
  if (value.is_null()) return pairs;
  if (!value.is_object()) Refuse(key, "an object of names and values");
  for (const auto& [name, each] : value.items()) {
    // A list stands for the name once with each value, as in `?tag=a&tag=b`.
    if (each.is_array()) {
      for (const Json& element : each) pairs.emplace_back(name, PlainText(element));
    } else {
      pairs.emplace_back(name, PlainText(each));
    }
  }
  return pairs;
}

bool HasHeader(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const auto& each) {
    return absl::EqualsIgnoreCase(each.first, absl::string_view(name.data(), name.size()));
  });
}

std::string MethodOf(const Json& config) {
  const Json& value = ValueOf(config, "method");
  if (value.is_null()) return "GET";
  constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                        "PATCH", "DELETE", "OPTIONS"};
  const std::string method =
      value.is_string() ? absl::AsciiStrToUpper(value.get_ref<const std::string&>()) : "";
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    Refuse("method", "one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  }
  return method;
}

bool VerifiesCertificate(const Json& config) {
  const Json& ssl = ValueOf(config, "ssl");
  if (ssl.is_null()) return true;
  const Json& verify = ssl.is_object() ? ValueOf(ssl, "verify") : ssl;
  if (verify.is_null()) return true;
  if (!verify.is_boolean()) Refuse("ssl", "true, false, or an object with `verify`");
  return verify.get<bool>();
}

int RetriesOf(const Json& config) {
  const Json& value = ValueOf(config, "retries");
  if (value.is_null()) return 0;
  if (!value.is_number_integer() || value < 0 || value > kRetriesMax) {
    Refuse("retries", "a number from 0 to 100");
  }
  return value.get<int>();
}

}  // namespace

std::string PlainText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : client::PrintJson(value);
}

ApiConfig ApiConfigOf(const Json& handler_config) {
  static const Json kEmpty = Json::object();
  const Json& json = handler_config.is_null() ? kEmpty : handler_config;
  if (!json.is_object()) throw PermanentError("handler_config: must be an object");
  const Json& url = ValueOf(json, "url");
  if (!url.is_string() || url.get_ref<const std::string&>().empty()) Refuse("url", "a URL");
  ApiConfig config{.url = url.get<std::string>()};
  config.method = MethodOf(json);
  config.params = PairsOf(json, "params");
  config.headers = PairsOf(json, "headers");
  const Json& body = ValueOf(json, ValueOf(json, "body").is_null() ? "payload" : "body");
  if (!body.is_null()) {
    config.body = PlainText(body);
    if (!body.is_string() && !HasHeader(config.headers, "content-type")) {
      config.headers.emplace_back("content-type", "application/json");
    }
  }
  config.verify_certificate = VerifiesCertificate(json);
  config.timeout = SecondsOf(json, "timeout", config.timeout);
  if (config.timeout.count() == 0) Refuse("timeout", "more than 0");
  config.retries = RetriesOf(json);
  config.retry_delay = SecondsOf(json, "retry_delay", config.retry_delay);
  const Json& backoff = ValueOf(json, "enable_exponential_backoff");
  if (!backoff.is_null() && !backoff.is_boolean()) {
    Refuse("enable_exponential_backoff", "true or false");
  }
  config.exponential_backoff = backoff.is_boolean() && backoff.get<bool>();
  return config;
}

ApiConnection::ApiConnection(HttpClient& http, const client::Step& step)
    : ApiConnection(http, step, ApiConfigOf(step.handler_config())) {}

ApiConnection::ApiConnection(HttpClient& http, const client::Step& step, ApiConfig config,
                             ResponseCheck check)
    : http_(http), step_(step), config_(std::move(config)), check_(std::move(check)) {}

HttpRequest ApiConnection::Request(const std::string& method, const std::string& path,
                                   const Headers& params, std::optional<std::string> body) const {
  std::string url = config_.url;
  if (path.find("://") != std::string::npos) {
    url = path;
  } else if (!path.empty()) {
    while (!url.empty() && url.back() == '/') url.pop_back();
    url += (path.front() == '/' ? "" : "/") + path;
  }
  HttpRequest request{.method = method, .url = WithParams(url, params)};
  request.headers = config_.headers;
  if (!step_.traceparent().empty() && !HasHeader(request.headers, "traceparent")) {
    request.headers.emplace_back("traceparent", step_.traceparent());
    if (!step_.tracestate().empty()) request.headers.emplace_back("tracestate", step_.tracestate());
  }
  request.body = std::move(body);
  request.timeout = config_.timeout;
  if (const auto left = step_.time_left()) {
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(*left);
    request.timeout = std::clamp(whole, std::chrono::milliseconds(1), request.timeout);
  }
  request.verify_certificate = config_.verify_certificate;
  request.step = &step_;
  return request;
}

HttpResponse ApiConnection::Send(const HttpRequest& request) {
  std::chrono::milliseconds delay = config_.retry_delay;
  for (int retries = config_.retries;; --retries) {
    try {
      HttpResponse response = http_.Send(request);
      check_(response);
      return response;
    } catch (const client::RetryableError& error) {
      if (retries == 0) throw;
      // The server knows better how long it needs.
      if (step_.wait_cancelled(error.retry_after().value_or(delay))) step_.throw_if_cancelled();
    }
    if (config_.exponential_backoff) delay *= 2;
  }
}

HttpResponse ApiConnection::Get(const std::string& path, const Headers& params) {
  return Send(Request("GET", path, params, std::nullopt));
}

HttpResponse ApiConnection::Delete(const std::string& path, const Headers& params) {
  return Send(Request("DELETE", path, params, std::nullopt));
}

namespace {

HttpRequest AsJson(HttpRequest request) {
  if (!HasHeader(request.headers, "content-type")) {
    request.headers.emplace_back("content-type", "application/json");
  }
  return request;
}

}  // namespace

HttpResponse ApiConnection::Post(const std::string& path, const Json& body) {
  return Send(AsJson(Request("POST", path, {}, client::PrintJson(body))));
}

HttpResponse ApiConnection::Put(const std::string& path, const Json& body) {
  return Send(AsJson(Request("PUT", path, {}, client::PrintJson(body))));
}

HttpResponse ApiConnection::Patch(const std::string& path, const Json& body) {
  return Send(AsJson(Request("PATCH", path, {}, client::PrintJson(body))));
}

HttpResponse ApiConnection::SendConfigured() {
  return Send(Request(config_.method, {}, config_.params, config_.body));
}

Json ApiStepHandler::process(const client::Task&, const client::Sequence&,
                             const client::Step& step) {
  return ResultsOf(connection(step).SendConfigured());
}

}  // namespace tasker::http
