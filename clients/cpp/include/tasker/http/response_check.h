// What an HTTP response means for a step: done, later again, or never.
#pragma once

#include <chrono>
#include <optional>

#include "tasker/client/json.h"
#include "tasker/http/http_client.h"

namespace tasker::http {

// How long the response asks to wait by `Retry-After`: seconds, or a date, which is taken against
// the response's own `Date` where it has one. Never negative. nullopt: it does not ask.
std::optional<std::chrono::milliseconds> RetryAfterOf(const HttpResponse& response);

// Throws what a response that is not wanted stands for: 429 and 503: RetryableError with
// `Retry-After`; other 5xx: RetryableError; everything else: PermanentError.
[[noreturn]] void ThrowFor(const HttpResponse& response);

// Does so unless the status is 200 to 299.
void RequireSuccess(const HttpResponse& response);

// {"status": 200, "headers": {...}, "body": ...}: the body as JSON if it is said to be and is, else
// as text, in which bytes that are not UTF-8 become U+FFFD.
client::Json ResultsOf(const HttpResponse& response);

}  // namespace tasker::http
