#include "clients/sinks/webhook_target.h"

#include <chrono>
#include <exception>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include <openssl/sha.h>

#include "clients/cpp/src/readable_text.h"
#include "clients/sinks/webhook_signature.h"
#include "tasker/http/response_check.h"

namespace tasker::sinks {
namespace {

constexpr std::size_t kExcerptBytesMax = 300;
// Nothing of the answer's body is needed but an excerpt; this is for those that send a page.
constexpr std::size_t kResponseBytesMax = 1u << 20;
constexpr std::size_t kBatchIdBytes = 16;

std::string BodyOf(std::span<const CloudEvent* const> events, bool is_batch) {
  if (!is_batch) return events[0]->json;
  std::string body = "[";
  for (const CloudEvent* event : events) {
    if (body.size() > 1) body += ',';
    body += event->json;
  }
  return body + "]";
}

std::string IdOf(std::span<const CloudEvent* const> events) {
  if (events.size() == 1) return events[0]->id;
  std::string ids;
  for (const CloudEvent* event : events) ids += event->id + "\n";
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(ids.data()), ids.size(), digest);
  const absl::string_view bytes(reinterpret_cast<const char*>(digest), kBatchIdBytes);
  return absl::StrCat("batch_", absl::BytesToHexString(bytes));
}

bool MayPass(int status) {
  return status >= 500 || status == 408 || status == 425 || status == 429;
}

}  // namespace

WebhookTarget::WebhookTarget(config::WebhookSettings settings)
    : settings_(std::move(settings)),
      http_({.redirects_max = 0,
             .response_bytes_max = kResponseBytesMax,
             .ca_file = settings_.ca_file}) {}

TargetLimits WebhookTarget::limits() const {
  // One request is one batch: the receiver takes it as a whole.
  return {settings_.concurrency, settings_.batch, settings_.batch > 1};
}

std::string WebhookTarget::description() const {
  return "webhook " + http::UrlForMessages(settings_.url);
}

std::vector<Outcome> WebhookTarget::Send(std::span<const CloudEvent* const> events) {
  try {
    return AllOf(events.size(), Post(events));
  } catch (const std::exception& error) {
    return AllOf(events.size(), Outcome::Failed(error.what()));
  }
}

Outcome WebhookTarget::Post(std::span<const CloudEvent* const> events) {
  const bool is_batch = settings_.batch > 1;
  const std::int64_t timestamp = std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count();
  const std::string id = IdOf(events);
  http::HttpRequest request;
  request.method = "POST";
  request.url = settings_.url;
  request.headers = {{"User-Agent", "tasker-sinks/0.1.0"}};
  for (const auto& header : settings_.headers) request.headers.push_back(header);
  request.headers.emplace_back("Content-Type",
                               std::string(is_batch ? kBatchMediaType : kMediaType));
  request.headers.emplace_back("webhook-id", id);
  request.headers.emplace_back("webhook-timestamp", std::to_string(timestamp));
  request.body = BodyOf(events, is_batch);
  if (!settings_.secrets.empty()) {
    request.headers.emplace_back("webhook-signature",
                                 WebhookSignature(settings_.secrets, id, timestamp, *request.body));
  }
  request.timeout = settings_.timeout;
  request.stop = &stopped_;
  const http::HttpResponse response = http_.Send(request);
  if (response.status >= 200 && response.status <= 299) return Outcome::Delivered();
  std::string error = absl::StrCat("it answered ", response.status);
  if (!response.body.empty()) {
    absl::StrAppend(&error, ": ", client::ReadableText(response.body, kExcerptBytesMax));
  }
  if (!MayPass(response.status)) return Outcome::Refused(std::move(error));
  return Outcome::Failed(std::move(error), http::RetryAfterOf(response));
}

}  // namespace tasker::sinks
