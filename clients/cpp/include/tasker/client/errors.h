// Exceptions by which a handler says how its attempt failed.
//
// Any exception fails the attempt: its class (demangled) and `what()` are stored, and the step is
// tried again while the template allows it. Those here say more. Derive from them to keep your own
// class names in the task's history.
#pragma once

#include <chrono>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>

#include "tasker/client/json.h"

namespace tasker::client {

// Knows where it was made, for the failure's backtrace.
class LocatedError : public std::runtime_error {
 public:
  const std::source_location& where() const { return where_; }

 protected:
  LocatedError(const std::string& message, std::source_location where)
      : std::runtime_error(message), where_(where) {}

 private:
  std::source_location where_;
};

// Failed now, may well work later.
class RetryableError : public LocatedError {
 public:
  // `retry_after`: try again no sooner than this after the failure; replaces the template's backoff
  // and is capped by its maximum. nullopt: the template's backoff. Negative counts as none.
  explicit RetryableError(const std::string& message,
                          std::optional<std::chrono::milliseconds> retry_after = std::nullopt,
                          std::source_location where = std::source_location::current())
      : LocatedError(message, where), retry_after_(retry_after) {}

  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }

 private:
  std::optional<std::chrono::milliseconds> retry_after_;
};

// Will never work: the step goes to ERROR without further attempts.
class PermanentError : public LocatedError {
 public:
  explicit PermanentError(const std::string& message,
                          std::source_location where = std::source_location::current())
      : LocatedError(message, where) {}
};

// An outcome that the business knows (the card was declined), not a fault of the technics. Never
// tried again, and counted apart.
class BusinessError : public LocatedError {
 public:
  // `error_class`: the kind of outcome, as the task's history is to show it; empty: this class's
  // name. `details`: what belongs to it, for programs: an object of at most 64 KiB.
  BusinessError(std::string error_class, const std::string& message, Json details = Json::object(),
                std::source_location where = std::source_location::current())
      : LocatedError(message, where),
        error_class_(std::move(error_class)),
        details_(std::move(details)) {}

  const std::string& error_class() const { return error_class_; }
  const Json& details() const { return details_; }

 private:
  std::string error_class_;
  Json details_;
};

// A handler ended its work because it was cancelled. Stored as `Tasker::Cancelled`.
class CancelledError : public PermanentError {
 public:
  using PermanentError::PermanentError;
};

// A handler asked its sequence for a step that the task does not have.
class UnknownStepError : public PermanentError {
 public:
  using PermanentError::PermanentError;
};

// What the service handed out cannot be worked on: a context that is not a JSON object, settings
// that are not JSON, a class that nobody registered for.
class InvalidAssignmentError : public PermanentError {
 public:
  using PermanentError::PermanentError;
};

// A handler's checkpoint cannot be stored: it is not JSON, or over 64 KiB. Stored as
// `Tasker::InvalidCheckpoint`.
class InvalidCheckpointError : public PermanentError {
 public:
  using PermanentError::PermanentError;
};

// An event that a handler publishes has no valid name or payload. Stored as `Tasker::InvalidEvent`.
class InvalidEventError : public PermanentError {
 public:
  using PermanentError::PermanentError;
};

}  // namespace tasker::client
