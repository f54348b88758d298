#include "tasker/http/response_check.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

#include "clients/cpp/src/http/curl_handle.h"
#include "clients/cpp/src/readable_text.h"

namespace tasker::http {
namespace {

using client::Json;

// What of an answer belongs into a failure's message.
constexpr std::size_t kExcerptBytesMax = 500;
// Longer waits are asked for by mistake; the template's maximum caps it anyway.
constexpr std::chrono::seconds kWaitMax{365LL * 24 * 3600};

const std::string* Find(const HttpResponse& response, const std::string& name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? nullptr : &found->second;
}

bool IsJson(const HttpResponse& response) {
  const std::string* const type = Find(response, "content-type");
  if (type == nullptr) return false;
  const std::pair<std::string, std::string> parts = absl::StrSplit(*type, absl::MaxSplits(';', 1));
  const absl::string_view media = absl::StripAsciiWhitespace(parts.first);
  return absl::EqualsIgnoreCase(media, "application/json") ||
         absl::EndsWithIgnoreCase(media, "+json");
}

}  // namespace

std::optional<std::chrono::milliseconds> RetryAfterOf(const HttpResponse& response) {
  const std::string* const asked = Find(response, "retry-after");
  if (asked == nullptr) return std::nullopt;
  std::int64_t seconds = 0;
  if (!absl::SimpleAtoi(*asked, &seconds)) {
    const std::time_t then = curl_getdate(asked->c_str(), nullptr);
    if (then < 0) return std::nullopt;
    const std::string* const date = Find(response, "date");
    std::time_t now = date != nullptr ? curl_getdate(date->c_str(), nullptr) : -1;
    if (now < 0) now = std::time(nullptr);
    seconds = then - now;
  }
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), kWaitMax);
}

void ThrowFor(const HttpResponse& response) {
  std::string message =
      UrlForMessages(response.url) + " answered " + std::to_string(response.status);
  if (!response.body.empty()) {
    message += ": " + client::ReadableText(response.body, kExcerptBytesMax);
  }
  if (response.status == 429 || response.status == 503) {
    throw client::RetryableError(message, RetryAfterOf(response));
  }
  if (response.status >= 500) throw client::RetryableError(message);
  throw client::PermanentError(message);
}

void RequireSuccess(const HttpResponse& response) {
  if (response.status < 200 || response.status > 299) ThrowFor(response);
}

Json ResultsOf(const HttpResponse& response) {
  Json headers = Json::object();
  for (const auto& [name, value] : response.headers) {
    headers[client::ReadableText(name, name.size())] = client::ReadableText(value, value.size());
  }
  Json body;
  if (IsJson(response)) body = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!IsJson(response) || body.is_discarded()) {
    body = client::ReadableText(response.body, response.body.size());
  }
  return {{"status", response.status}, {"headers", std::move(headers)}, {"body", std::move(body)}};
}

}  // namespace tasker::http
