#include "clients/cpp/src/failure.h"

#include <chrono>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string>
#include <typeinfo>

#include "clients/cpp/src/duration.h"
#include "clients/cpp/src/event_check.h"
#include "clients/cpp/src/json_text.h"
#include "clients/cpp/src/readable_text.h"
#include "tasker/client/errors.h"

namespace tasker::client {
namespace {

constexpr char kInvalidResults[] = "Tasker::InvalidResults";
constexpr std::size_t kErrorClassBytesMax = 256;
// Longer chains of exceptions help nobody.
constexpr int kNestedMax = 16;

std::string ReadableMessage(std::string_view text) {
  return ReadableText(text, kFailureMessageBytesMax);
}

v1::Failure PermanentFailure(const std::string& error_class, const std::string& message) {
  v1::Failure failure;
  failure.set_error_class(error_class);
  failure.set_message(message);
  failure.set_retryable(false);
  return failure;
}

// Our own permanent errors are known by their kind in every language.
std::string ClassOf(const PermanentError& error) {
  if (dynamic_cast<const CancelledError*>(&error) != nullptr) return "Tasker::Cancelled";
  if (dynamic_cast<const InvalidCheckpointError*>(&error) != nullptr) {
    return "Tasker::InvalidCheckpoint";
  }
  if (dynamic_cast<const InvalidEventError*>(&error) != nullptr) return "Tasker::InvalidEvent";
  return Demangled(typeid(error));
}

// The lines of what an exception knows of its origin, innermost first.
std::string Origin(const std::exception& error, int nested_max) {
  std::string lines;
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    if (nested_max > 0) lines = Origin(inner, nested_max - 1);
    lines += "caused by " + Demangled(typeid(inner)) + ": " + inner.what() + "\n";
  } catch (...) {
    lines = "caused by something that is not a std::exception\n";
  }
  if (const auto* located = dynamic_cast<const LocatedError*>(&error)) {
    const std::source_location& where = located->where();
    lines += std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": in `" +
             where.function_name() + "`\n";
  }
  return lines;
}

v1::Failure FailureOf(const std::exception& error, const std::string& frame) {
  v1::Failure failure;
  failure.set_error_class(Demangled(typeid(error)));
  failure.set_message(ReadableMessage(error.what()));
  failure.set_backtrace(ReadableMessage(Origin(error, kNestedMax) + frame));
  return failure;
}

void Describe(const BusinessError& error, v1::Failure& failure) {
  if (!error.error_class().empty()) {
    failure.set_error_class(ReadableText(error.error_class(), kErrorClassBytesMax));
  }
  failure.set_business(true);
  failure.set_retryable(false);
  if (error.details().empty()) return;
  std::string why;
  try {
    std::string details = PrintJson(error.details());
    if (!error.details().is_object()) {
      why = "no JSON object";
    } else if (details.size() > kDetailsBytesMax) {
      why = std::to_string(details.size()) + " bytes, more than the service takes";
    } else {
      failure.set_details(std::move(details));
    }
  } catch (const NotJsonError& not_json) {
    why = std::string("not JSON: ") + not_json.what();
  }
  // The outcome counts; its details are not worth another.
  if (!why.empty()) failure.set_message(failure.message() + " (details left out: " + why + ")");
}

}  // namespace

std::string Demangled(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type.name();
}

v1::Failure FailureOfCurrentException(const std::string& frame) {
  try {
    throw;
  } catch (const InvalidResultsError& error) {
    return PermanentFailure(kInvalidResults, ReadableMessage(error.what()));
  } catch (const RetryableError& error) {
    v1::Failure failure = FailureOf(error, frame);
    failure.set_retryable(true);
    if (error.retry_after() && error.retry_after()->count() >= 0) {
      ToProto(*error.retry_after(), *failure.mutable_retry_after());
    }
    return failure;
  } catch (const PermanentError& error) {
    v1::Failure failure = FailureOf(error, frame);
    failure.set_error_class(ClassOf(error));
    failure.set_retryable(false);
    return failure;
  } catch (const BusinessError& error) {
    v1::Failure failure = FailureOf(error, frame);
    Describe(error, failure);
    return failure;
  } catch (const std::exception& error) {
    return FailureOf(error, frame);
  } catch (...) {
    v1::Failure failure;
    failure.set_error_class(Demangled(*abi::__cxa_current_exception_type()));
    failure.set_message("the handler threw something that is not a std::exception");
    failure.set_backtrace(ReadableMessage(frame));
    return failure;
  }
}

v1::Failure OversizedResultsFailure(std::size_t size, std::size_t limit) {
  return PermanentFailure(kInvalidResults, "the results have " + std::to_string(size) +
                                               " bytes; the service takes at most " +
                                               std::to_string(limit));
}

v1::Failure CancelledFailure(const std::string& reason) {
  return PermanentFailure("Tasker::Cancelled", "cancelled before its handler was called" +
                                                   (reason.empty() ? "" : ": " + reason));
}

v1::Failure UnsupportedFailure(const std::string& what) {
  return PermanentFailure("Tasker::Unsupported", what);
}

}  // namespace tasker::client
