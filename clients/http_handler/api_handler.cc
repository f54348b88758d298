#include "clients/http_handler/api_handler.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

#include "clients/http_handler/placeholders.h"
#include "clients/http_handler/response_rules.h"

namespace tasker::http_handler {
namespace {

using client::Json;
using client::PermanentError;

constexpr std::array<std::string_view, 14> kKeys = {"type",        "url",
                                                    "method",      "params",
                                                    "headers",     "body",
                                                    "payload",     "timeout",
                                                    "ssl",         "retries",
                                                    "retry_delay", "enable_exponential_backoff",
                                                    "results",     "expected_status"};

// A key that is misspelt would be a request that nobody meant.
void CheckKeys(const Json& config) {
  if (!config.is_object()) throw PermanentError("handler_config: must be an object with a `url`");
  for (const auto& [key, value] : config.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) continue;
    std::string known;
    for (const std::string_view each : kKeys) {
      known += (known.empty() ? "" : ", ") + std::string(each);
    }
    throw PermanentError("handler_config." + key + ": no such setting; there are " + known);
  }
  if (config.contains("type") && config.at("type") != "api") {
    throw PermanentError("handler_config.type: this handler knows `api` alone");
  }
}

// A value that is `..` would lead out of the path that the template means, and is not encoded.
void CheckPath(const std::string& url) {
  const std::size_t scheme = url.find("://");
  std::string_view rest =
      std::string_view(url).substr(scheme == std::string::npos ? 0 : scheme + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    if (segment == "." || segment == "..") {
      throw PermanentError("handler_config.url: a value makes `" + std::string(segment) +
                           "` of a part of the path");
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

Encoding EncodingOfBody(const Json& headers) {
  if (!headers.is_object()) return Encoding::kPlain;
  for (const auto& [name, value] : headers.items()) {
    if (!absl::EqualsIgnoreCase(name, "content-type") || !value.is_string()) continue;
    const std::string type = absl::AsciiStrToLower(value.get<std::string>());
    if (absl::StrContains(type, "json")) return Encoding::kJson;
    if (absl::StrContains(type, "x-www-form-urlencoded")) return Encoding::kUrl;
  }
  return Encoding::kPlain;
}

// The settings with all placeholders filled in, each as its place asks for.
Json Filled(const Json& config, const Values& values) {
  Json filled = config;
  for (auto& [key, value] : filled.items()) {
    if (key == "results" || key == "expected_status") continue;
    const bool is_text = value.is_string();
    if (key == "url" && is_text) {
      const auto& url = value.get_ref<const std::string&>();
      const bool has_values = url.find("{{") != std::string::npos;
      value = Fill(url, values, Encoding::kUrl);
      if (has_values) CheckPath(value.get_ref<const std::string&>());
    } else if ((key == "body" || key == "payload") && is_text) {
      const Json headers = config.value("headers", Json());
      value = Fill(value.get_ref<const std::string&>(), values, EncodingOfBody(headers));
    } else {
      value = Fill(value, values);
    }
  }
  return filled;
}

}  // namespace

ApiHandler::ApiHandler(ApiHandlerOptions options)
    : allow_unverified_certificates_(options.allow_unverified_certificates),
      http_(std::move(options.http)) {}

Json ApiHandler::process(const client::Task& task, const client::Sequence& sequence,
                         const client::Step& step) {
  const Json& config = step.handler_config();
  CheckKeys(config);
  const ExpectedStatus expected(config.value("expected_status", Json()));
  const ResultSelection selection(config.value("results", Json()));
  http::ApiConfig request = http::ApiConfigOf(Filled(config, Values(task, sequence, step)));
  if (!request.verify_certificate && !allow_unverified_certificates_) {
    throw PermanentError(
        "handler_config.ssl: certificates are always verified here; start the service with "
        "--allow-unverified-certificates to let templates say otherwise");
  }
  http::ApiConnection connection(
      http_, step, std::move(request),
      [&expected](const http::HttpResponse& response) { expected.Require(response); });
  return selection.Select(connection.SendConfigured());
}

}  // namespace tasker::http_handler
