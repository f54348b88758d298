#include "clients/cpp/src/failure.h"

#include <chrono>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string>
#include <typeinfo>

#include "tasker/client/errors.h"
#include "tasker/client/json.h"

namespace tasker::client {
namespace {

constexpr char kInvalidResults[] = "Tasker::InvalidResults";

std::string Demangled(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type.name();
}

// Protobuf refuses a whole message for one string that is not UTF-8, and a result that cannot be
// read would be sent for ever: bytes that are wrong become U+FFFD.
std::string ReadableText(const char* text) {
  std::string kept(text);
  if (kept.size() > kFailureMessageBytesMax) {
    kept.resize(kFailureMessageBytesMax);
    kept += "... (cut)";
  }
  return Json::parse(Json(kept).dump(-1, ' ', false, Json::error_handler_t::replace))
      .get<std::string>();
}

v1::Failure FailureOf(const std::exception& error) {
  v1::Failure failure;
  failure.set_error_class(Demangled(typeid(error)));
  failure.set_message(ReadableText(error.what()));
  return failure;
}

void SetRetryAfter(std::chrono::milliseconds delay, v1::Failure& failure) {
  if (delay.count() < 0) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
  const std::chrono::nanoseconds rest = delay - seconds;
  failure.mutable_retry_after()->set_seconds(seconds.count());
  failure.mutable_retry_after()->set_nanos(static_cast<std::int32_t>(rest.count()));
}

}  // namespace

v1::Failure FailureOfCurrentException() {
  try {
    throw;
  } catch (const InvalidResultsError& error) {
    v1::Failure failure = FailureOf(error);
    failure.set_error_class(kInvalidResults);
    return failure;
  } catch (const RetryableError& error) {
    v1::Failure failure = FailureOf(error);
    failure.set_retryable(true);
    if (error.retry_after()) SetRetryAfter(*error.retry_after(), failure);
    return failure;
  } catch (const PermanentError& error) {
    v1::Failure failure = FailureOf(error);
    failure.set_retryable(false);
    return failure;
  } catch (const std::exception& error) {
    return FailureOf(error);
  } catch (...) {
    v1::Failure failure;
    failure.set_error_class(Demangled(*abi::__cxa_current_exception_type()));
    failure.set_message("the handler threw something that is not a std::exception");
    return failure;
  }
}

v1::Failure OversizedResultsFailure(std::size_t size, std::size_t limit) {
  v1::Failure failure;
  failure.set_error_class(kInvalidResults);
  failure.set_message("the results have " + std::to_string(size) +
                      " bytes; the service takes at most " + std::to_string(limit));
  failure.set_retryable(false);
  return failure;
}

v1::Failure CancelledFailure() {
  v1::Failure failure;
  failure.set_error_class("Tasker::Cancelled");
  failure.set_message("cancelled before its handler was called");
  failure.set_retryable(false);
  return failure;
}

}  // namespace tasker::client
